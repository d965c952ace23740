"""Text made comparable: one spelling for what customers type in many."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 4000
"""Characters of a message that are read. Whoever writes more has said it by then."""

_OLD_CHARACTERS = {
    ord(pair[0]): pair[1]
    for pair in """
    國国 會会 學学 變変 廣広 發発 賣売 數数 圖図 實実 體体 處処 價価 經経 續続 當当 點点 號号 壽寿 寫写 眞真 氣気
    應応 關関 澤沢 邊辺 邉辺 濱浜 斷断 傳伝 轉転 輕軽 鐵鉄 歸帰 舊旧 樂楽 藥薬 禮礼 讀読 拂払 繪絵 縣県 齒歯 兒児
    乘乗 來来 殘残 爲為 畫画 晝昼 佛仏 假仮 圓円 團団 圍囲 對対 專専 將将 戀恋 擇択 擔担 據拠 收収 條条 樣様 檢検
    權権 歐欧 濟済 滿満 爭争 狀状 獨独 獻献 稱称 稻稲 緣縁 繼継 纖繊 聲声 聽聴 臺台 舖舗 藝芸 虛虚 蟲虫 覺覚 觀観
    觸触 證証 譯訳 豐豊 賴頼 辨弁 辭辞 遲遅 醉酔 險険 隨随 雙双 雜雑 靈霊 靜静 顯顕 餘余 驛駅 驗験 髙高 﨑崎 黃黄
    黑黒 默黙 黨党 龜亀 齊斉 齋斎 櫻桜 瀨瀬 德徳 增増 槪概 淚涙
""".split()  # noqa: SIM905
}
"""Characters as they were written before 1946, and in names to this day."""

_KATAKANA_TO_HIRAGANA = {code: code - 0x60 for code in range(ord("ァ"), ord("ヶ") + 1)}
_ALIKE = _KATAKANA_TO_HIRAGANA | _OLD_CHARACTERS
_LONG_VOWELS = re.compile(r"(?<=[\u3041-\u30ff])[ー〜~]+")
_STACKED = re.compile("[\u0300-\u036f\u0489\u20d0-\u20ff]+")
_GAPS = re.compile(r"\s+")
_CIRCLED = re.compile(r"(?<=[①-⑳㉑-㉟㊱-㊿⓪])(?=\d)|(?<=\d)(?=[①-⑳㉑-㉟㊱-㊿⓪])")


def clean(text: str) -> str:
    """`text` as a person would see it: cut, NFKC, no control, format or surrogate character, no stacked accents.

    Line ends and tabs become spaces. Zero-width characters go without a trace, since they hide inside words. A number
    in a circle stays one by itself: ①5512 is not 15512.
    """
    plain = unicodedata.normalize("NFKC", _CIRCLED.sub(" ", _visible(text[:LONGEST])))
    return _GAPS.sub(" ", _STACKED.sub("", _visible(plain[:LONGEST]))).strip()


def fold(text: str) -> str:
    """`text` as it is matched: clean, no case, hiragana for katakana, new characters for old, no long vowels or
    punctuation."""
    folded = _LONG_VOWELS.sub("", clean(text).casefold().translate(_ALIKE))
    letters = "".join(char if _is_word(char) else " " for char in folded.replace("'", "").replace("’", ""))
    return _GAPS.sub(" ", letters).strip()


def pair_of(line: str) -> tuple[str, str]:
    """`name = value`, with either sign; without one, no value."""
    name, *value = re.split("[=＝]", line, maxsplit=1)
    return name.strip(), "".join(value).strip()


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(_shown(char) for char in text)


def _shown(char: str) -> str:
    if char in "\n\r\t\v\f\x85\u2028\u2029":
        return " "
    return "" if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Cn") else char


def _is_word(char: str) -> bool:
    """Letters and digits, and the marks that belong to a letter (voicing marks, accents)."""
    return unicodedata.category(char)[0] in "LNM"
