"""Words of anger: nobody wants to hear a machine then."""

from __future__ import annotations

from bots.signals import Signal, any_of

_ANGER = any_of(
    r"ふざけ(?:る|ん)な|ふざけて(?:る|いる)|いい加減にし(?:ろ|て)",
    r"(?:むか|ムカ)(?:つ|ツ)(?:く|ク|い)|腹が?立(?:つ|ち|っ)|頭に(?:来|き)(?:た|て)|怒って(?:い|る|ま)",
    r"(?:馬鹿|バカ|ばか)に(?:し|する)|(?:なめ|舐め)(?:て(?:る|いる|ん)|んな|るな)",
    r"許せ(?:ない|ません)|許さない|話にならない|役に立た(?:ない|ねえ|ん)|使えねえ",
    r"最悪(?!の場合|でも)|最低(?:だ|な(?:対応|店|会社))|くそ(?:ボット|が)|クソ|何(?:回|度)言(?:えば|わせ)",
    r"\bunacceptable\b|\bridiculous\b|\boutrageous\b|\bdisgusting\b|\bfurious\b|\bpissed\b",
    r"\bfed up\b|\bsick of\b|\b(?:this|you|service|bot|shop|store|company) sucks?\b|\bbullshit\b|\bwtf\b|\bfuck",
    r"\byou(?: are|'re)? useless\b|\buseless bot\b|\bi(?:'m| am) (?:so |very |really )?angry\b",
    r"\b(?:worst|terrible|horrible|awful) (?:service|experience|company|shop|store|support)\b",
)

_STAFFED = r"(?:対応|態度|接客|応対|サービス|店員|サポート)"
_SAID = r"(?:です|でした|よ|ね|な|わ|じゃ|と(?:思|しか)|ので|から|んだ|[。!? ]|$)"
_VERY = r"(?:so |very |really |extremely |quite |totally |absolutely |just |simply ){0,2}"
_BAD = (
    r"(?:terrible|awful|horrible|unbelievable|pathetic|appalling|shameful|disgraceful|a joke|rubbish|garbage|trash"
    r"|incompetent|rude|useless|clueless|idiots?|liars)"
)
_COMPLAINT = any_of(
    rf"(?:^|[。、!? ]|{_STAFFED}|これ|それ|本当|ほんと(?:う)?|あまり|余り|マジ|まじ|もう)(?:が|は|も|に|で)?"
    rf"(?:ひど|酷)(?:すぎ|い(?={_STAFFED}|会社|店|扱い|話|商売|{_SAID}))",
    rf"{_STAFFED}[がはも]?(?:悪(?:い|すぎ|かっ)|最悪|失礼|雑|冷た)|失礼(?:すぎ|じゃな|な(?:店|人|対応|態度|担当|言い方|話|[。!]|$))",
    r"(?<!お)金を?返して(?!もら|いただ|ほし|欲し|くだ|下さ|くれ(?:ま|る))",
    r"がっかり(?:し(?:た(?!く)|まし|て)|だ|です|$)|失望し(?:た(?!く)|まし|て)|不愉快|不快(?:です|だ|な(?:思い|対応|気分))",
    r"二度と[^。!?]{0,10}(?:買|利用|使|行|頼|注文|来)[^。!?]{0,4}(?:ない|ません|か[。!]|か$)",
    r"納得(?:が|は)?(?:でき(?:ない|ません|ん)|い(?:か|き)(?:ない|ません)|いかん)|話[がと](?:違|ちが)(?:う|い|っ)",
    rf"(?:ありえ|有り得|あり得)(?:ない|ません|ねえ)(?={_SAID}|対応)",
    r"無視(?:し(?:ない(?:で|$)|やが)|する(?:な|ん|の(?:か|です))|され(?:た|て|まし))|いつまで待たせ|待たせ(?:すぎ|るな|る気)",
    r"(?:イライラ|いらいら)(?:する|し(?:た|て|ます|まし))|うんざり|(?:呆れ|あきれ)(?:た|て|まし|る)",
    r"使えない(?:ボット|bot|ai|やつ|奴|チャット|な[あー。!]|な$)|(?:ポンコツ|ぽんこつ|役立たず|無能)",
    r"(?:^|[。、!? ])(?:死ね|しね|バカ|ばか|馬鹿|アホ|あほ|クズ|カス)"
    r"(?:が|か|やろう|野郎|ボット|bot|じゃ|です)?(?:[。、!?ー ]|$)",
    rf"\b(?:i'm|im|i am|we're|we are|i was|very|so|really|extremely) {_VERY}(?:disappoint(?:ed|ing)|frustrat(?:ed|ing)"
    r"|annoyed|upset|unhappy|appalled|unprofessional|rude)\b",
    rf"\b(?:i'm|im|i am|we're|we are) {_VERY}not {_VERY}(?:happy|satisfied|impressed|pleased|amused)\b",
    r"\b(?:want|like|wish|need|here|going) to complain\b|\bnever (?:again\b|(?:buying|shopping|ordering|using|coming)\b"
    r"|(?:buy|shop|order)[^.!?]{0,20} (?:again|from you|here)\b)",
    rf"^\W*(?:(?:this|that|it|you|what|how)(?:'s| is| was| are|'re)? )?(?:an? )?{_VERY}{_BAD}\W*$",
    rf"\b(?:you people|you guys|you lot|you|your (?:staff|service|support|team|people|company|bot))"
    rf"(?: are|'re| is|'s| was) {_VERY}(?:all )?{_BAD}\b",
    r"\bshame on you\b|\b(?:stupid|dumb|idiotic|worthless|crap(?:py)?|shitty) (?:chat ?)?(?:bot|robot|machine|ai)\b"
    r"|\byou(?:'re| are) (?:so |really )?(?:stupid|dumb)\b|\bi demand\b",
)


def anger(text: str) -> Signal | None:
    """The words of anger in plain `text`, if any; those of a complaint in ordinary words are not certain."""
    if found := _ANGER.search(text):
        return Signal(found[0].strip(), certain=True)
    found = _COMPLAINT.search(text)
    return Signal(found[0].strip(), certain=False) if found else None
