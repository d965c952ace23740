"""`いや、5512じゃなくて5521`, `not 5512 but 5521`, `change the date to Friday`: what somebody takes back of what they
said, and that they give up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bots.flow import Step
from bots.rule import holds
from bots.text import clean, fold
from bots.values import Reader

_SIGNS = " 、,。.?？「」『』\"'“”"
READ = 300
"""Characters of a message in which a correction is looked for: nobody corrects a number in an essay."""
_LEAD = re.compile(
    r"^(?:あ|えっと|いやいや|いや|いえ|いいえ|ごめんなさい|ごめん|すみません|すいません|失礼(?:しました)?"
    r"|違いました|違います|違う|ちがいます|ちがう|間違えました|間違えた|間違い(?:です|でした)?|まちがえました"
    r"|訂正(?:です|します)?|やっぱり|やはり|やっぱ"
    r"|no|nope|sorry|oops|actually|wait|correction|i meant|i mean|my mistake|rather)"
    r"(?=[\s、,。.!:：]|[0-9一-龥ァ-ヶ]|$)[\s、,。.!:：]*",
    re.IGNORECASE,
)
_BUT = re.compile(
    r"^(?:はい|ええ|yes|yeah|ok(?:ay)?)[\s、,。.!]*(?:でも|ただ|but|except)?[\s、,]*", re.IGNORECASE
)
_HEAD = re.compile(
    r"^(?:it's|it (?:is|was|should be)|(?:please )?(?:make|change) (?:it|that)(?: to)?|change to|正しくは)\s+",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?:の(?:まちがい|間違い))?"
    r"(?:でした|です(?:ね|よ)?|だった|だ|で(?:お願い(?:いた)?します|頼みます)"
    r"|に(?:変更|訂正|修正)?(?:して(?:ください|下さい|ほしい(?:です)?)?|お願いします)"
    r"|を(?:お願いします|希望します)|で|(?:[\s,]*(?:instead|please))+)?[\s。.!！?？]*$",
    re.IGNORECASE,
)
_CHANGING = re.compile(
    r"[にへ]\s*(?:変更|訂正|修正)(?:して|を|で|お願い)|\b(?:instead|(?:make|change) (?:it|that)|change to)\b",
    re.IGNORECASE,
)
_PAIRS = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        r"^(?P<old>.{1,120}?)(?:じゃ|では|で)(?:なくて|なく|ない|ありません)(?:て|の|ん|です|で)*[\s、,。]*"
        r"(?P<new>.{1,120})$",
        r"^(?P<old>.{1,120}?)\s*(?:→|⇒|->|=>)\s*(?P<new>.{1,120})$",
        r"^(?P<old>.{1,120}?)を(?P<new>.{1,120}?)に(?:変更|変え|かえ|訂正|修正|直し|なおし|して|お願い|$).{0,20}$",
        r"\bnot (?P<old>.{1,60}?)(?:\s*[,;]\s*(?:but |it's |it is )?| but (?:rather )?|\s+it's )"
        r"(?P<new>.{1,120})$",
        r"^(?:it's |it is |it should be )?(?P<new>.{1,60}?)\s*,?\s*(?:not|instead of|rather than) "
        r"(?P<old>.{1,60})$",
        r"\b(?:change|correct|update) (?:the |my )?(?P<old>.{1,60}?) (?:in)?to (?P<new>.{1,120})$",
    )
)
_NAMED = re.compile(
    r"^(?:the |my )?(?P<label>.{1,40}?)\s*(?P<is>は|が|:|：|=| is | should be )[\s、,]*(?P<new>.{1,120})$",
    re.IGNORECASE | re.DOTALL,
)
_MARKS = (":", "：", "=", " should be ")
_AGAIN = re.compile(
    r"^(?:the |my )?(?P<label>.{1,40}?)\s*"
    r"(?:(?:を|が|は)?\s*(?:変え|変更|直し|なおし|修正|訂正|間違|まちが|違い|違っ).{0,15}| (?:is|was) wrong.?)$"
    r"|^(?P<gave>i (?:gave|wrote) (?:you )?)?(?:the |a )?wrong (?P<own>.{1,40}?)[.!]?$"
    r"|^(?:i want to |i'd like to |can i |please )?(?:change|correct|fix) (?:the |my )?(?P<other>.{1,40}?)[.!?]?$",
    re.IGNORECASE,
)
_WRONG = re.compile(r"間違|まちが|違い|違っ| (?:is|was) wrong", re.IGNORECASE)
_OWN_SLIP = re.compile(r"を(?:間違|まちが)(?!.*(?:られ|送|届|注文|購入|買))")
_POINTING = frozenset(
    fold(one)
    for one in (
        *("it", "that", "this", "one", "something", "a", "the", "my", "in", "on", "to"),
        *("それ", "これ", "お", "ご"),
    )
)
_GIVEN_UP = re.compile(
    r"(?:(?:もう|やっぱり|やはり|すみません|今回は|一旦|いったん|(?:この)?(?:お?手続き|お?申し?込み?|ご?予約|来店|返品|交換|修理))"
    r"[\s、,をはも]*)*"
    r"(?:(?:やめ|止め)(?:る|ます|ました|たい(?:です)?|(?:て|と)(?:おき|き)ます|と[くき]|て(?:ください)?)|(?<=[品換理店約きみ])しません"
    r"|中止(?:して(?:ください)?|します|する|で)?"
    r"|キャンセル(?:で|する|します|したい(?:です)?|して(?:ください)?|お願いします|希望(?:です)?)?"
    r"|取り?消(?:し?(?:ます|たい|て(?:ください)?)?)|けっこうです|結構です|もういい(?:です)?|(?<=やっぱり)(?:大丈夫|いい)です)"
    r"|(?:sorry[, ]*)?(?:never ?mind|(?:cancel|stop)(?: (?:it|this|that"
    r"|(?:my|the) (?:\w+ )?(?:return|booking|visit|request|form|appointment|repair|exchange)))?(?:,? please)?"
    r"|quit|exit|forget it|i give up|abort"
    r"|i (?:don't|do not) want to (?:return|book|do) (?:it|this)(?: any ?more)?)",
    re.IGNORECASE,
)
_UNWANTED = re.compile(
    r"i(?:'ve| have)? changed my mind|i (?:don't|do not) want (?:to \w+ (?:it|this)|it|this)(?: any ?more)?",
    re.IGNORECASE,
)
"""What gives up as well, but is the commonest reason of a return, too."""
_SIGNS_OF_YES = re.compile(r"[👍🙆👌⭕🆗✅][\U0001F3FB-\U0001F3FF\u200d\ufe0f♀♂]*")
_POLITE = (
    (re.compile(r"(?:いたし|致し|申し上げ|もうしあげ)ます"), "します"),
    (re.compile(r"(?<!とう)ございません"), "ありません"),
    (re.compile(r"おねがい"), "お願い"),
    (re.compile(r"^はい(?=[ぁ-んァ-ン一-龥])"), "はい "),
    (re.compile(r"(?:^|(?<= ))(?:これ|それ|こちら|そちら|(?:この|その|上記の)内容)で(?=\S)"), ""),
)
_CONFIRMED = frozenset(
    fold(one)
    for line in (
        "はい,ええ,うん,そうです,お願いします,よろしいです,よいです,いいです,良いです,大丈夫,大丈夫です,合っています,合ってます",
        "あってます,間違いありません,間違いないです,間違いなし,相違ありません,問題ありません,問題ないです,問題なし,その通りです",
        "オッケー,オーケー,オーケーです,okです,ok です,了解です,了解しました,承知しました,確認しました,結構です",
        "よろしくお願いします,宜しくお願いします,確定,確定してください,送信,送信してください",
        "yes,yeah,yep,yup,sure,correct,right,ok,okay,that's right,that's correct,all correct,yes please,y",
        "go ahead,looks good,looks good to me,confirm,yes that's right,yes it is,perfect,send,that is right",
        "that is correct,it's correct,it's right,it is correct,all good,all right,alright,fine,that's fine,absolutely",
        "that's all correct,everything is correct,everything is right,looks right,sounds good,great,that works",
        "go ahead and submit,go ahead and send it,submit,confirmed,i confirm",
    )
    for one in line.split(",")
)
_AGREEING = sorted(
    _CONFIRMED
    | {fold(one) for one in ("ありがとう", "ありがとうございます", "please", "thanks", "thank you", "it is")},
    key=len,
    reverse=True,
)
_DENIED = frozenset(
    fold(one)
    for line in (
        "いいえ,いえ,いや,違います,違う,ちがう,ちがいます,間違っています,間違ってます,間違いです",
        "訂正,訂正する,訂正します,直したい,直します,修正,修正したい,修正する,変更,変更したい",
        "no,nope,n,wrong,not right,that's wrong,correct something,change,change something,edit,incorrect",
        "変えたい,変えたいです,変更してください,直してください,change it,change that,can i change it",
        "i want to change it,i want to change something",
    )
    for one in line.split(",")
)
_OF_KIND: Mapping[str, frozenset[str]] = {
    "date": frozenset(map(fold, ("日付", "日にち", "日", "日程", "date", "day"))),
    "time": frozenset(map(fold, ("時間", "時刻", "time"))),
    "number": frozenset(map(fold, ("番号", "数", "number"))),
    "phone": frozenset(map(fold, ("電話", "電話番号", "phone", "phone number"))),
    "email": frozenset(map(fold, ("メール", "メールアドレス", "アドレス", "email", "mail", "address"))),
}


@dataclass(frozen=True, slots=True)
class Corrected:
    """The step whose answer is another one now; `value` None: it is to be asked again."""

    step: Step
    value: str | None


def gives_up(text: str, asked: Step | None) -> bool:
    """Whether the whole message says that they do not want to go on, and is no reason where one may be `asked`."""
    said = clean(text[:READ]).strip("。.!！、, ")
    reason = asked is not None and _may_be_why(asked)
    return bool(_GIVEN_UP.fullmatch(said) or (not reason and _UNWANTED.fullmatch(said)))


def confirms(text: str) -> bool:
    """Whether the whole message says yes to what was summed up, be it more than once: はい、大丈夫です."""
    if _SIGNS_OF_YES.fullmatch(text.strip()):
        return True
    said, yes = fold(text[:READ]), False
    for polite, plain in _POLITE:
        said = polite.sub(plain, said)
    while said:
        begun = next((one for one in _AGREEING if said == one or said.startswith(f"{one} ")), "")
        if not begun:
            return False
        yes = yes or begun in _CONFIRMED
        said = said[len(begun) :].strip()
    return yes


def denies(text: str) -> bool:
    """Whether the whole message says that something in the summary is wrong."""
    return fold(text[:READ]) in _DENIED


def named(steps: Sequence[Step], words: str, *, exact: bool = False) -> Step | None:
    """The one step that is called by these words, or by a part of them unless they must be `exact`."""
    folded = fold(words)
    if not folded or folded in _POINTING:
        return None
    same = [step for step in steps if fold(step.label) == folded]
    near = same or [
        step for step in steps if holds(fold(step.label), folded) or (not exact and _holds(folded, step))
    ]
    near = near or [step for step in steps if folded in _OF_KIND.get(step.kind, ())]
    return near[0] if len(near) == 1 else None


def correction(
    text: str, said: Sequence[Step], values: Mapping[str, str], asked: Step | None, reader: Reader
) -> Corrected | None:
    """What `text` takes back of the answers `said` so far, the last one last; `asked` is the open question."""
    plain = clean(text)
    if not plain or len(plain) > READ or (asked is None and (confirms(text) or denies(text))):
        return None
    begun = plain if asked else _BUT.sub("", plain)
    rest = _led(begun)
    telling = asked is not None and rest == plain
    changeable = [one for one in said if not (telling and asked and _free(asked) and _free(one))]
    for old, new in _pairs(rest):
        if found := _replaced(old, new, changeable, values, asked, reader):
            return found
    answered = asked if telling else None
    if found := _by_name(rest, said, reader, answered) or _again(rest, said, answered):
        return found
    if not telling or _CHANGING.search(rest):
        return _said_anew(_trimmed(rest), said, values, asked, reader)
    return None


def _led(plain: str) -> str:
    """Without the words with which a correction begins."""
    for _ in range(4):
        shorter = _LEAD.sub("", plain, count=1)
        if shorter == plain:
            return plain
        plain = shorter
    return plain


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for pattern in _PAIRS:
        if found := pattern.search(text):
            yield _trimmed(found["old"]), _trimmed(found["new"])


def _replaced(
    old: str, new: str, said: Sequence[Step], values: Mapping[str, str], asked: Step | None, reader: Reader
) -> Corrected | None:
    if fold(old) in _POINTING:
        return _said_anew(new, said, values, asked, reader)
    by_name = named(said, old)
    if by_name and (value := reader.read(by_name, new)) is not None:
        return Corrected(by_name, value)
    for step in reversed(said):
        if (
            _was(step, old, values.get(step.name, ""), reader)
            and (value := _put(step, old, new, values, reader)) is not None
        ):
            return Corrected(step, value)
    known = [one for one in (asked, *reversed(said)) if one is not None and one.kind != "text"]
    for one in known:  # what they deny was never understood: what is new may still be
        if reader.read(one, old) is not None and (value := reader.read(one, new)) is not None:
            return Corrected(one, value)
    return None


def _was(step: Step, old: str, value: str, reader: Reader) -> bool:
    if not value:
        return False
    return reader.read(step, old) == value or bool(fold(old) and holds(fold(value), fold(old)))


def _put(step: Step, old: str, new: str, values: Mapping[str, str], reader: Reader) -> str | None:
    """The answer with `new` for `old`: in a text, only that part of it."""
    before = values.get(step.name, "")
    if step.kind == "text" and old in before and not step.pattern:
        return reader.read(step, before.replace(old, new))
    return reader.read(step, new)


def _by_name(text: str, said: Sequence[Step], reader: Reader, asked: Step | None) -> Corrected | None:
    """`日付は3日です`. Who answers what is `asked` may speak of what they name: 商品が壊れていた, 個数は2個しかない."""
    found = _NAMED.match(text)
    step = named(said, found["label"], exact=True) if found else None
    if found is None or step is None:
        return None
    new = _trimmed(found["new"])
    told = asked is not None and found["is"] not in _MARKS
    if told and (_free(step) or (asked and _free(asked) and not reader.is_just(step, new))):
        return None
    value = reader.read(step, new)
    return Corrected(step, value) if value else None


def _free(step: Step) -> bool:
    """Whether any words are an answer to it."""
    return step.kind == "text" and not step.pattern


_WHY = re.compile(r"理由|状態|不具合|症状|なぜ|どうして|わけ|why|reason|wrong|damage|fault|problem")


def _may_be_why(step: Step) -> bool:
    """Whether it asks for a reason."""
    return (step.kind == "choice" or _free(step)) and _WHY.search(
        f"{step.label} {step.ask}".casefold()
    ) is not None


def _again(text: str, said: Sequence[Step], asked: Step | None) -> Corrected | None:
    """`日付を変えたい`: which answer is wrong, and not yet what is right. Who answers what is `asked` in free words may
    tell of what the shop did wrong; and that the wrong item came, or was bought, is a reason."""
    found = _AGAIN.match(text)
    step = named(said, found["label"] or found["own"] or found["other"]) if found else None
    if found is None or step is None:
        return None
    slip = found["own"] or _OWN_SLIP.search(text)
    if asked is None or found["gave"] or not (slip or _WRONG.search(text)):
        return Corrected(step, None)
    told = _free(step) and _may_be_why(asked) if slip else _free(step) or _free(asked)
    return None if told else Corrected(step, None)


def _said_anew(
    new: str, said: Sequence[Step], values: Mapping[str, str], asked: Step | None, reader: Reader
) -> Corrected | None:
    """`すみません、5521でした`: the last answer that this and nothing else can be, unless the open question wants just
    that. Where nothing is open, it has to be the only one."""
    if asked and asked.kind not in ("text", *(one.kind for one in said)) and reader.is_just(asked, new):
        return None
    fitting = [step for step in reversed(said) if not _free(step) and reader.is_just(step, new)]
    fitting = [step for step in fitting if reader.read(step, new) != values.get(step.name)]
    if not fitting or (asked is None and len(fitting) > 1):
        return None
    if asked and asked.kind == fitting[0].kind and fitting[0] is not said[-1]:
        return None
    return Corrected(fitting[0], reader.read(fitting[0], new))


def _trimmed(words: str) -> str:
    led = _HEAD.sub("", _led(words.strip(_SIGNS)))
    return _TAIL.sub("", led).strip(_SIGNS)


def _holds(folded: str, step: Step) -> bool:
    label = fold(step.label)
    return len(label) > 1 and holds(folded, label) and len(folded) <= len(label) + 12
