"""Words of risk: harm, law and serious complaint, which a supervisor should hear of."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bots.decision import EscalationType
from bots.signals import Signal, any_of


@dataclass(frozen=True, slots=True)
class Risk:
    """A signal for a supervisor, with the type of escalation it asks for."""

    type: EscalationType
    signal: Signal


_ILL = r"(?:発疹|湿疹|じんましん|蕁麻疹|かぶれ)"
_HURT = r"(?:injured|hurt|burned|burnt|electrocuted|poisoned)"
_BODY = r"(?:hand|finger|arm|leg|back|head|foot|face|eyes?|skin|son|daughter|kid|child|baby|wife|husband)"
_LAWYER = r"(?:lawyer|attorney|solicitor)"

_SAFETY = any_of(
    r"(?:けが|ケガ|怪我|やけど|ヤケド|火傷)を?(?:し(?:た|て|まし)|させ)|けが人|怪我人",
    rf"アレルギー(?:が|の)?(?:出|で[たまて]|反応|症状|発作|起|おき)|{_ILL}(?:が|に)?(?:出|で[たまて]|起|なり|なっ)",
    r"救急(?:車|搬送)|異物(?:が)?(?:混入|入)|感電|発火|発煙|爆発し|[煙火血]が(?:出|で[たまて])",
    r"誤飲|食中毒|出血し",
    rf"\b(?:was|were|been|got|am|is|are|badly|seriously) (?:badly |seriously )?{_HURT}\b",
    rf"\b(?:injured|hurt|burned|burnt|cut) (?:me|myself|him|her|us|my {_BODY})\b",
    r"\ballergic reaction\b|\belectric shock\b|\bcaught fire\b|\bfood poisoning\b",
    r"\b(?:exploded|started smoking|is smoking|started bleeding)\b",
    r"\bbr(?:oke|oken) out in (?:a )?(?:rash|hives)\b",
)
_SAFETY_PERHAPS = any_of(
    r"アレルギー|けが|ケガ|怪我|やけど|ヤケド|火傷|発疹|湿疹|蕁麻疹",
    r"\ballerg(?:y|ic|ies)\b|\binjur(?:y|ed|ies)\b|\brash\b",
)
_LEGAL = any_of(
    r"訴え(?:る|ます|てや|たい|させ|よう)|告訴|訴訟(?:を|し|も|に)|裁判(?:を|し|に|沙汰)|(?<!合)法的(?:措置|手段|に)",
    r"被害届|弁護士(?:に|と|を|から)|消費者(?:センター|庁|ホットライン)|(?:消費|国民)生活センター",
    r"警察に(?:通報|相談|行|届|言|訴|電話|連絡|話)",
    r"\b(?:will|to|gonna|can|could|should|i'll|we'll) sue\b|\bsue (?:you|them|this|your)\b|\blawsuit\b",
    r"\b(?:take|taking) (?:you|this) to court\b|\blegal action\b|\bsmall claims\b",
    rf"\b(?:my|a|our|the) {_LAWYER}s? (?:will|is|has|about|on|involved)\b",
    rf"\b(?:call|contact|hire|get|see|talk to|speak (?:to|with))(?:ing)? (?:my|a|an|our) {_LAWYER}\b",
    r"\bbetter business bureau\b|\btrading standards\b|\bconsumer protection\b|\breport(?:ing)? you\b",
)
_LEGAL_PERHAPS = any_of(r"弁護士|訴訟|裁判", rf"\b{_LAWYER}s?\b|\bsue\b")
_COMPLAINT = any_of(
    r"詐欺(?:だ|で(?:す|しょ)|じゃ|に(?:遭|あ)|師|会社|サイト|まがい|同然|$)|(?:騙|だま)(?:され|し(?:た|て|やが))",
    r"(?:責任者|上司|店長|社長|上の(?:人|者|方))(?:を|に)(?:出|呼|だせ|だして|よべ|よんで|代わ|かわ|替わ)",
    r"(?:クレーム|苦情)を?(?:入れ|言い|いれ|申し)|謝罪(?:し|を(?:求|要求))|誠意を見せ|(?:金|代金)(?:を)?返せ|返金しろ",
    r"\b(?:this|you|it|that) (?:is|are|was|looks like) (?:all |just |such )?(?:an? )?(?:total |complete )?"
    r"(?:scam(?:mers?)?|frauds?|rip-?off|thieves)\b",
    r"\bscammed\b|\bscammers?\b|\bripped (?:me )?off\b|\byou stole\b",
    r"\bget (?:me )?(?:your|the|a) (?:manager|supervisor)\b",
    r"\b(?:speak|talk) (?:to|with) (?:a|the|your) (?:manager|supervisor|boss)\b",
    r"\b(?:file|make|lodge|submit) an? (?:formal |official )?complaint\b",
)
_COMPLAINT_PERHAPS = any_of(r"詐欺|責任者", r"\bscam\b|\bfraud\b|\bcomplaint\b")

_RISKS: tuple[tuple[EscalationType, re.Pattern[str], bool], ...] = (
    ("safety", _SAFETY, True),
    ("legal", _LEGAL, True),
    ("complaint", _COMPLAINT, True),
    ("safety", _SAFETY_PERHAPS, False),
    ("legal", _LEGAL_PERHAPS, False),
    ("complaint", _COMPLAINT_PERHAPS, False),
)


def risk(text: str) -> Risk | None:
    """The gravest risk in plain `text`: the certain before the possible, harm before law before complaint."""
    for kind, pattern, certain in _RISKS:
        if found := pattern.search(text):
            return Risk(kind, Signal(found[0].strip(), certain))
    return None
