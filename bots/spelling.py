"""Words that are written in more than one way: Japanese endings and kana, British and American English.

What is made of a text is for matching alone: it need not be a word, only the same for every way to write it.
"""

from __future__ import annotations

import re

_COMPOUNDS = """
    申込 申出 取消 取扱 取替 取換 取引 取寄 取置 取付 取外 受取 受付 受入 支払 払戻 払込 振込 振替 引落 引換 引替
    引取 引越 引渡 引出 問合 売切 買取 買上 買替 買物 貸出 乗換 乗継 組立 組合 打合 打切 見積 見直 立替 立会 繰返
    繰越 待合 割引 割増 積立 入替 書込 書換 書直 手続 届出 締切 貼付 読込 読取 呼出 切替 切取 着払 差替 差引 折返
    折畳 詰替 詰合 持込 持帰 仕上 値引 値上 裾上 日付 後払 前払 先払 元払 月払 代引 預入 使捨 品切 売出 払出 積替
    差出 届先 送先 置換 付替 張替 植替 着替 染直 縫直
""".split()  # noqa: SIM905
_BETWEEN, _BEHIND = "(?:[しりいけきみちえげてせめ]|わせ)?", "(?:わせ|あわせ|[みしりいえけきちてせげれ])?"
_COMPOUND = re.compile("|".join(f"{pair[0]}{_BETWEEN}{pair[1]}{_BEHIND}" for pair in _COMPOUNDS))
_OTHERWISE = dict(
    pair.split("=")
    for pair in """
    下さ=くださ 致し=いたし 有難=ありがた 宜し=よろし 何処=どこ 何故=なぜ 如何=いかが 解ら=わから 判ら=わから
    分か=わか 解か=わか 子ども=子供 御座=ござ 貰い=もらい 貰え=もらえ 予め=あらかじめ 既に=すでに かばん=鞄
    めがね=眼鏡 たばこ=煙草 はがき=葉書 奇麗=綺麗 めいる=める
""".split()  # noqa: SIM905
)
_WRITTEN = re.compile("|".join(map(re.escape, sorted(_OTHERWISE, key=lambda one: -len(one)))))

_ENGLISH = {
    there: here
    for here, there in (
        pair.split("=")
        for pair in """
    color=colour favorite=favourite canceled=cancelled canceling=cancelling cancelation=cancellation check=cheque
    gray=grey center=centre catalog=catalogue program=programme license=licence jewelry=jewellery mold=mould
    tire=tyre pajamas=pyjamas authorize=authorise authorized=authorised authorization=authorisation
    organize=organise personalize=personalise recognize=recognise recognized=recognised apologize=apologise
    customize=customise customized=customised email=mail inquiry=enquiry inquiries=enquiries traveling=travelling
    labeled=labelled fulfill=fulfil honor=honour
""".split()  # noqa: SIM905
    )
}
_WORD = re.compile(r"[a-z]+")
_JOINED = re.compile(
    r"\b(log|sign|set|check|pick|drop|pay|shut|back) (in|up|out|off|back)\b|\b(e) (mail)\b|\b(wi) (fi)\b"
    r"|\b(on) (line)\b"
    r"|\b(web) (site)\b|\b(gift) (card)s?\b|\b(post) (code)\b|\b(zip) (code)\b|\b(pass) (word|code)\b|\b(user) (name)\b"
)


def spelled(folded: str, language: str) -> str:
    """Folded text with one spelling for words that have several."""
    if language == "ja":
        return _COMPOUND.sub(_bare, _WRITTEN.sub(lambda found: _OTHERWISE[found[0]], folded))
    joined = _JOINED.sub(lambda found: "".join(part for part in found.groups() if part), folded)
    return _WORD.sub(lambda found: _ENGLISH.get(found[0], found[0]), joined)


def _bare(found: re.Match[str]) -> str:
    """申し込み, 申込み and 申込 without the kana between and behind."""
    return "".join(char for char in found[0] if not "ぁ" <= char <= "ゖ")
