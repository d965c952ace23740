"""What a customer's words say besides their question: they want a person, they are angry, there is risk."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bots.decision import EscalationType


@dataclass(frozen=True, slots=True)
class Signal:
    """The words that gave it away, and whether they leave any doubt.

    An uncertain signal (`アレルギー`, `a lawyer`) may as well be part of an ordinary question, so it
    yields where the FAQ has a good answer.
    """

    words: str
    certain: bool


@dataclass(frozen=True, slots=True)
class Risk:
    """A signal for a supervisor, with the type of escalation it asks for."""

    type: EscalationType
    signal: Signal


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_STAFF = (
    r"(?:オペレータ[ーァ]?|(?:ご)?担当(?:者|の(?:方|人|者))|スタッフ(?:の方|さん)?|店員(?:さん)?|係(?:の(?:人|者|方)|員)"
    r"|社員(?:の方|さん)?|人間|ヒューマン|有人(?:チャット|対応|サポート|窓口)?|(?:中|生身|本物|他|別|実際)の(?:人|方)|(?<![一-龥])(?:人|ひと))"
)
_CONTACT = r"(?:話|はな[しせさ]|繋|つな[いぐがげ]|代わ|替わ|変わ|かわ[っりれ]|相談|連絡|対応|チャット|電話|やりとり|やり取り|聞い|きい|取り?次|転送|回し|問い合わせ)"
_TO = r"(?:と(?:は)?|に|へ|を|が)"
_CALL = r"(?:呼(?:ん|び|べ)|よんで|出(?:し|せ)て?|お願い|おねがい|希望|ほしい|欲しい|ください|下さい)"
_BUT_NOT = (
    r"(?:(?:じゃ|では|で)なく|(?:は|なんて|とか)?(?:いりません|要りません|いらない|要らない|不要|結構|大丈夫|必要(?:は)?(?:ない|ありません)))"
    rf"|{_TO}[^。!?]{{0,6}}(?:たく(?:は)?(?:ない|ありません)|(?:繋|つな)が(?:ないで|なくて)|必要(?:は)?(?:ない|ありません))"
)
_NOT_STAFF = _any(rf"{_STAFF}(?:{_BUT_NOT})")
_STAFF_WANTED = _any(
    rf"{_STAFF}{_TO}(?:直接|少し|ちょっと|すぐ(?:に)?|今すぐ|早く|一度)?{_CONTACT}(?!.{{0,3}}(?:方法|には|時間|番号|できる(?:時|言)))",
    rf"{_STAFF}(?:を|に|で|の方)?{_CALL}",
    r"直接(?:話|はな)し(?:たい|て)",
    r"(?:ボット|bot|ai|機械|ロボット|自動応答)(?:じゃ|では)(?:なくて?|話にならない|だめ|ダメ|無理|嫌|いや)",
)
_STAFF_PERHAPS = _any(rf"{_STAFF}{_TO}{_CONTACT}")
_STAFF_ALONE = _any(
    rf"\W*(?:{_STAFF}|人と|人に)(?:を|に|で|と|へ)?(?:話す|代わって|繋いで|つないで|よろしく)?\W*"
)

_PERSON = (
    r"(?:(?:a |an |the |some |your |any |another )?(?:real |live |actual |human |customer |support |service )*"
    r"(?:human(?: being)?|person|people|agent|rep(?:resentative)?|someone|somebody|operator|advis[eo]r|staff"
    r"|team member|employee|customer (?:service|support|care)))\b"
)
_ENDS = r"(?=\W*$|[.,!?;]| (?:please|now|asap|to|who|that|for|on|right|immediately|thanks|instead|not|from|here|and|because|about|at|today|directly|if)\b)"
_NO_PERSON = _any(
    rf"(?:do not|don't|dont|didn't|no need|needn't|without|rather not|not)(?: (?:want|need|have|having|wish|asking|looking))?"
    rf"(?: to| for)?(?: (?:talk|speak|chat|talking|speaking)(?: to| with)?)? {_PERSON}",
    r"\bno (?:human|agent|operator|person)s?\b",
)
_PERSON_WANTED = _any(
    rf"\b(?:talk|speak|chat)(?:ing)? (?:to|with) {_PERSON}{_ENDS}",
    rf"\b(?:connect|transfer|put|pass|hand|switch) me (?:over |through |on )?(?:to|with) {_PERSON}",
    rf"\b(?:get|give|find|bring|send) me {_PERSON}{_ENDS}",
    rf"\b(?:want|need|like|prefer) {_PERSON}{_ENDS}",
    r"\b(?:real|live|actual) (?:human|person|agent|representative|operator)s?\b(?! (?:fee|price|name)s?)",
    rf"\b(?:is there|can|could|may) {_PERSON}(?: there)? (?:i can|to|help me)\b",
)
_PERSON_PERHAPS = _any(
    rf"\b(?:talk|speak|contact|reach|call|chat)(?:ing)? (?:to |with )?{_PERSON}",
)
_PERSON_ALONE = _any(
    rf"\W*(?:i want |get me |give me )?{_PERSON}(?: please| now)*\W*", r"\W*(?:agents?|humans?)\W*"
)
_ASKS_HOW = _any(r"\b(?:how|what|when|where|which|why|do your|does your|are your|is your)\b")

_ANGER = _any(
    r"ふざけ(?:る|ん)な|ふざけて(?:る|いる)|いい加減にし(?:ろ|て)|むかつく|ムカつく|ムカツク|腹が?立(?:つ|ち|っ)|頭に(?:来|き)(?:た|て)",
    r"馬鹿にし|バカにし|ばかにし|なめ(?:て(?:る|いる)|んな|るな)|舐め(?:て(?:る|いる)|んな|るな)|許せ(?:ない|ません)|許さない|話にならない",
    r"役に立た(?:ない|ねえ|ん)|使えねえ|最悪(?!の場合|でも)|最低だ|最低な(?:対応|店|会社)|くそ(?:ボット|が)|クソ|何(?:回|度)言え?(?:ば|わせ)|怒って(?:い|る|ま)",
    r"\bunacceptable\b|\bridiculous\b|\boutrageous\b|\bdisgusting\b|\bfed up\b|\bsick of\b|\bfurious\b|\bpissed\b",
    r"\b(?:this|you|that|it) (?:is |are |'s )?(?:suck|bullshit)s?\b|\bwtf\b|\bfuck|\byou'?re useless\b|\buseless bot\b",
    r"\b(?:worst|terrible|horrible|awful) (?:service|experience|company|shop|store|support)\b|\bi(?:'m| am) (?:so |very |really )?angry\b",
)

_SAFETY = _any(
    r"(?:けが|ケガ|怪我)を?(?:し(?:た|て|まし)|させ|人)|(?:やけど|ヤケド|火傷)を?(?:し(?:た|て|まし)|させ)",
    r"アレルギー(?:が|の)?(?:出|でま|でた|反応|症状|発作|起|おき)|(?:発疹|湿疹|じんましん|蕁麻疹|かぶれ)(?:が|に)?(?:出|で[たま]|起|なり|なっ)",
    r"救急(?:車|搬送)|異物(?:が)?(?:混入|入)|感電|発火|発煙|爆発し|煙が(?:出|で)|火が(?:出|で)|誤飲|食中毒|血が(?:出|で)|出血し",
    r"\b(?:was|were|been|got|am|is|are|badly|seriously) (?:badly |seriously )?(?:injured|hurt|burn(?:ed|t)|electrocuted|poisoned)\b",
    r"\b(?:injured|hurt|burn(?:ed|t)|cut) (?:me|my|myself|him|her|our)\b|\ballergic reaction\b|\belectric shock\b|\bcaught fire\b",
    r"\bfood poisoning\b|\b(?:exploded|started smoking|is smoking|started bleeding)\b|\b(?:broke out|broken out) in (?:a )?(?:rash|hives)\b",
)
_SAFETY_PERHAPS = _any(
    r"アレルギー|けが|ケガ|怪我|やけど|ヤケド|火傷|発疹|湿疹|蕁麻疹",
    r"\ballerg(?:y|ic|ies)\b|\binjur(?:y|ed|ies)\b|\brash\b",
)
_LEGAL = _any(
    r"訴え(?:る|ます|て|たい|させ|よう)|告訴|訴訟(?:を|し|も|に)|裁判(?:を|し|に|沙汰)|法的(?:措置|手段|に)|被害届|弁護士(?:に|と|を|から)",
    r"消費者(?:センター|庁|ホットライン)|消費生活センター|国民生活センター|警察に(?:通報|相談|行|届|言|訴|電話|連絡|話)",
    r"\b(?:will|to|gonna|can|could|should|i'll|we'll) sue\b|\bsue (?:you|them|this|your)\b|\blawsuit\b|\b(?:take|taking) (?:you|this) to court\b",
    r"\blegal action\b|\bsmall claims\b|\b(?:my|a|our|the) (?:lawyer|attorney|solicitor)s? (?:will|is|has|about|on|involved)\b",
    r"\b(?:call|contact|hire|get|see|talk to|speak to|speak with|calling|contacting|hiring|getting) (?:my|a|an|our) (?:lawyer|attorney|solicitor)\b",
    r"\bbetter business bureau\b|\btrading standards\b|\bconsumer protection\b|\breport(?:ing)? you\b",
)
_LEGAL_PERHAPS = _any(r"弁護士|訴訟|裁判", r"\blawyers?\b|\battorneys?\b|\bsolicitors?\b|\bsue\b")
_COMPLAINT = _any(
    r"詐欺(?:だ|で(?:す|しょ)|じゃ|に(?:遭|あ)|師|会社|サイト|店|まがい|同然|ですよ|$)|騙され|だまされ|騙し(?:た|て|やが)|だまし(?:た|て)",
    r"(?:責任者|上司|店長|社長|上の(?:人|者|方))(?:を|に)(?:出|呼|だせ|だして|よべ|よんで|代わ|かわ|替わ)",
    r"(?:クレーム|苦情)を?(?:入れ|言い|いれ|申し)|謝罪(?:し|を(?:求|要求))|誠意を見せ|(?:金|お金|代金)(?:を)?返せ|返金しろ",
    r"\b(?:this|you|it|that|your \w+) (?:is|are|was|were|looks like) (?:all |just |such )?(?:a |an )?(?:\w+ )?(?:scam(?:mers?)?|frauds?|rip-?off|thieves)\b|\bscammed\b|\bscammers?\b",
    r"\bripped (?:me )?off\b|\bstole my\b|\b(?:speak|talk) (?:to|with) (?:a|the|your) (?:manager|supervisor|boss)\b",
    r"\b(?:file|make|lodge|submit) (?:a|an) (?:\w+ )?complaint\b|\bget (?:me )?(?:your|the|a) (?:manager|supervisor)\b",
)
_COMPLAINT_PERHAPS = _any(r"詐欺|責任者", r"\bscam\b|\bfraud\b|\bcomplaint\b")

_RISKS: tuple[tuple[EscalationType, re.Pattern[str], re.Pattern[str]], ...] = (
    ("safety", _SAFETY, _SAFETY_PERHAPS),
    ("legal", _LEGAL, _LEGAL_PERHAPS),
    ("complaint", _COMPLAINT, _COMPLAINT_PERHAPS),
)


def risk(text: str) -> Risk | None:
    """The gravest risk in plain `text`: harm before law before complaint, the certain before the possible."""
    for certain in (True, False):
        for kind, sure, perhaps in _RISKS:
            if found := (sure if certain else perhaps).search(text):
                return Risk(kind, Signal(found[0].strip(), certain))
    return None


def anger(text: str) -> Signal | None:
    """Words of anger in plain `text`."""
    found = _ANGER.search(text)
    return Signal(found[0].strip(), certain=True) if found else None


def person_wanted(text: str) -> Signal | None:
    """Whether plain `text` asks for a person instead of the bot.

    Asking about staff (`担当者の名前は`, `travel agent fees`) is not asking for them, nor is declining
    them; asking how to reach them is uncertain.
    """
    rest = _NO_PERSON.sub(" ", _NOT_STAFF.sub(" ", text))
    for alone in (_STAFF_ALONE, _PERSON_ALONE):
        if found := alone.fullmatch(rest):
            return Signal(found[0].strip(), certain=True)
    if found := _STAFF_WANTED.search(rest) or _PERSON_WANTED.search(rest):
        return Signal(found[0].strip(), certain=not _ASKS_HOW.search(rest))
    found = _STAFF_PERHAPS.search(rest) or _PERSON_PERHAPS.search(rest)
    return Signal(found[0].strip(), certain=False) if found else None


def plain(text: str) -> str:
    """Clean `text` as signals are read: lower case, one kind of apostrophe, no spaces between kana."""
    return text.casefold().replace("’", "'").replace("‘", "'")
