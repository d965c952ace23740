"""Short replies: a choice among what was offered, yes and no, greetings and thanks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from bots.phrases import PHRASES
from bots.text import clean, fold

_JOINED = 4
"""Letters of a phrase that may stand directly beside another: りょ is found in 料金, too."""


def _folded(phrases: str) -> tuple[str, ...]:
    """The phrases of a comma list, folded, the longest first so that none hides a longer one."""
    return tuple(sorted({fold(phrase) for phrase in phrases.split(",")}, key=lambda one: (-len(one), one)))


def _leading(phrases: Iterable[str], before: Iterable[str] = ()) -> re.Pattern[str]:
    """Any of the phrases and the gap behind it, the longest that fits. In Japanese one may follow on another, or on
    what stands `before` them, without a gap."""
    told = set(phrases)
    joined = [one for one in told if len(one) >= _JOINED and not one.isascii()]
    return re.compile(
        rf"(?:{_any_of({*told, *before})})(?: |$)"
        rf"|(?:{_any_of([*joined, *(one for one in before if not one.isascii())])})(?={_any_of(joined)})"
    )


def _holding(phrases: Iterable[str]) -> re.Pattern[str]:
    """Where one of the phrases stands, also directly beside another in Japanese."""
    told = list(phrases)
    joined = [one for one in told if len(one) >= _JOINED and not one.isascii()]
    return re.compile(rf"(?:^| )(?:{_any_of(told)})(?: |$)|{_any_of(joined)}")


def _any_of(phrases: Iterable[str]) -> str:
    return "|".join(re.escape(one) for one in sorted(phrases, key=lambda one: (-len(one), one)))


_GREETINGS = _folded(
    "こんにちは,こんにちわ,こんばんは,こんばんわ,おはよう,おはようございます,はじめまして,初めまして,どうも,やあ,もしもし"
    ",お世話になっております,お世話になります,いつもお世話になっております,よろしくお願いします,よろしくお願いいたします"
    ",宜しくお願いします,宜しくお願い致します,すみません,すいません,失礼します,失礼いたします,おはよ,こんちは"
    ",お疲れ様です,お疲れさまです,おつかれさまです,お疲れ様,夜分にすみません,夜分に失礼します,夜分遅くにすみません"
    ",突然すみません,突然失礼します,何度もすみません,お邪魔します,お忙しいところすみません,もしもーし,good day"
    ",hi,hello,hey,hi there,hello there,hey there,good morning,good afternoon,good evening,excuse me"
)
_THANKS = _folded(
    "ありがとう,ありがとうございます,ありがとうございました,有難う,有難うございます,有難うございました"
    ",どうもありがとう,どうもありがとうございます,どうもありがとうございました,助かりました,助かります"
    ",了解,了解です,了解しました,承知しました,わかりました,分かりました,わかった,解決しました,解決した"
    ",感謝します,大丈夫です,サンキュー,さようなら,失礼しました,ありがと,あざす,あざっす,サンクス,よくわかりました"
    ",よく分かりました,理解しました,理解できました,かしこまりました,承知です,承知いたしました,了解いたしました"
    ",もう大丈夫です,自己解決しました,本当にありがとうございます,本当にありがとうございました,さよなら"
    ",thank u,thanks so much,thanks a bunch,appreciate it,i appreciate it,much appreciated"
    ",thanks,thank you,thank you so much,thank you very much,thanks a lot,many thanks,thx,ty,cheers"
    ",great,perfect,awesome,got it,ok,okay,ok thanks,that helps,that helped,that's all,bye,goodbye"
    ",have a nice day,no thanks,no thank you"
)
_ACKNOWLEDGED = _folded(
    "なるほど,なるほどです,なるほどですね,そうなんですね,そうなんだ,そうですか,そっか,へえ,ふーん,まじで,マジか,納得です,納得しました"
    ",把握しました,安心しました,安心です,よかった,よかったです,良かった,良かったです,完璧です,最高です,すごい,すごいです"
    ",オッケー,オッケーです,オーケー,okです,おけ,おっけ,りょ,りょーかい,以上です,結構です,また来ます"
    ",i see,understood,sounds good,alright,all right,makes sense,that makes sense,good,good to know,very helpful"
    ",that was helpful,that's helpful,helpful,nice,cool,fine,that's fine,excellent,wonderful,brilliant,super,fantastic"
    ",amazing,lovely,right,no problem,no worries,noted,fair enough,will do,works for me,that works,good thanks"
)
"""What is said to an answer where it stands alone, and may be the matter itself beside other words."""
_WITHDRAWN = _folded(
    "なんでもないです,なんでもありません,何でもないです,何でもありません,間違えました,間違えた,間違いです,すみません間違えました"
    ",やっぱりいいです,やっぱり大丈夫です,気にしないでください,忘れてください"
    ",never mind,nevermind,nvm,forget it,my mistake,wrong chat,wrong window,sorry wrong chat"
)
_LEAVING = _folded("では失礼します,では 失礼します,では失礼いたします,では 失礼いたします")
_BEFORE = _folded(
    "oh,ah,ok,okay,well,great,i see,よく,本当に,ほんとに,ほんとうに,どうも,では,じゃあ,それでは,すみません"
    ",あ,ああ,はい,うん,いや,いえ,すごく,とても"
)
"""What may stand before either."""
_EITHER = fold("どうも")
_YES = _folded(
    "はい,はい そうです,はいそうです,うん,ええ,そう,そうです,そうそう,その通りです,お願いします"
    ",はいお願いします,はい お願いします,それです,それ,合ってます"
    ",yes,yeah,yep,yup,sure,correct,right,ok,okay,yes please,that's it,that one,exactly,y"
)
_NO = _folded(
    "いいえ,いえ,いや,ううん,どれでもない,どれでもありません,どれも違う,どれも違います,ありません"
    ",no,nope,nah,none,none of these,none of them,neither,n"
)
_DENIALS = _folded(
    "違う,違います,違いますね,ちがう,ちがいます,そうじゃない,そうではない,そうではありません"
    ",そういうことじゃない,そういうことではない,聞きたいことと違います"
    ",解決しない,解決しません,解決していません,解決しませんでした,わからない,分からない,わかりません,分かりません"
    ",wrong,that's wrong,not that,no it isn't,not what i asked,that's not what i asked,that's not what i meant"
    ",that didn't help,that doesn't help,not helpful,that's not helpful,didn't help,i don't understand"
)
_LAST = _folded(
    "最後,最後の,最後のやつ,一番下,一番下の,下,下の,last,the last,last one,the last one,bottom one"
)
_ORDINALS = (
    _folded(
        "最初,最初の,最初のやつ,一番上,一番上の,上,上の,一つ目,一つ目の,ひとつめ,一番目,一番"
        ",first,the first,first one,the first one,top one"
    ),
    _folded("二つ目,ふたつめ,二番目,二番,二つ目の,second,the second,second one,the second one"),
    _folded("三つ目,みっつめ,三番目,三番,三つ目の,third,the third,third one,the third one"),
    _folded("四つ目,よっつめ,四番目,四番,四つ目の,fourth,the fourth,fourth one,the fourth one"),
)
_NUMBER = re.compile(
    r"(?:number |no |option |the )?([1-9])(?:st|nd|rd|th)?(?: one)?"
    r"(?:ばん|番|つ|個|こ)?(?:め|目)?(?:の|のやつ)?(?:です|で|をおねがいします)?"
)
_COURTESY = _leading((*_GREETINGS, *_THANKS))
_COURTESY_BACKWARDS = _leading(phrase[::-1] for phrase in (*_GREETINGS, *_THANKS))
_REPLY = _leading((*_GREETINGS, *_THANKS, *_ACKNOWLEDGED, *_WITHDRAWN), _BEFORE)
_CLOSING = _holding(
    (
        *_THANKS,
        *_ACKNOWLEDGED,
        *_WITHDRAWN,
        *_LEAVING,
    )
)
_CONTENT = frozenset("👍👌🙆🆗😊☺🙂😄🏻🏼🏽🏾🏿\ufe0f ")
"""Pictures that close a matter where nothing else is said, and what only colours them."""
_STILL = frozenset("?❓❔😠😡🤬😤💢👎")
"""What asks or is cross, whatever words it stands beside."""
_THANKED, _TAKEN_BACK = _holding(_THANKS), _holding(_WITHDRAWN)
NONE = -1
"""What `choice` gives for "none of these"."""


def choice(folded: str, titles: Sequence[str]) -> int | None:
    """Which of the offered `titles` a reply means, counted from 0; `NONE` if it declines; None if neither."""
    for place, title in enumerate(titles):
        if fold(title) == folded:
            return place
    if refuses(folded) or folded in _none_chips():
        return NONE
    if folded in _YES:
        return 0 if len(titles) == 1 else None
    place = _ordinal(folded, len(titles))
    return place if 0 <= place < len(titles) else None


def agrees(folded: str) -> bool:
    """Whether the whole message says yes."""
    return folded in _YES


def refuses(folded: str) -> bool:
    """Whether the whole message says no."""
    return folded in _NO or folded in _DENIALS


def denies(folded: str) -> bool:
    """Whether the whole message says that the last answer was none."""
    return folded in _DENIALS


def courtesy(folded: str, *, answered: bool = False) -> str | None:
    """The key of the bot's reply to a message of nothing but courtesy, else None. `answered`: to what the bot said.

    A bare yes or no to nothing that was asked is courtesy too.
    """
    if answered and folded == _EITHER:
        return "thanks"
    if folded in _YES or folded in _NO:
        return "thanks" if folded in _THANKS else "go_ahead"
    if not folded or without_courtesy(folded):
        return None
    return "thanks" if _THANKED.search(folded) else "greeting"


def acknowledged(folded: str) -> str | None:
    """The key of the bot's reply where a message only takes note of what was said, or takes itself back, else None."""
    if not folded or folded in set(_BEFORE) - set(_ACKNOWLEDGED) or _behind(_REPLY, folded):
        return None
    return "go_ahead" if _TAKEN_BACK.search(folded) else "thanks"


def closes(text: str) -> bool:
    """Whether all that somebody says (not folded) is thanks, takes note of an answer or takes itself back: nothing is
    wanted any more. A mere greeting, yes or no closes nothing."""
    marks, folded = set(clean(text)), fold(text)
    if marks & _STILL:
        return False
    if not folded:
        return bool(marks) and marks <= _CONTENT
    if folded in _YES or folded in _NO:
        return folded in _THANKS
    if courtesy(folded, answered=True) == "thanks":
        return True
    return acknowledged(folded) is not None and _CLOSING.search(folded) is not None


def without_courtesy(folded: str) -> str:
    """`folded` without the greetings and thanks around the matter; empty if there was no matter."""
    return _behind(_COURTESY_BACKWARDS, _behind(_COURTESY, folded)[::-1])[::-1]


def _behind(leading: re.Pattern[str], folded: str) -> str:
    """What is left of `folded` behind all that leads it. Each place is looked at once: it may be 4,000 characters."""
    at = 0
    while at < len(folded) and (found := leading.match(folded, at)):
        at = found.end()
    return folded[at:].strip()


def _ordinal(folded: str, count: int) -> int:
    if folded in _LAST:
        return count - 1
    for place, words in enumerate(_ORDINALS):
        if folded in words:
            return place
    found = _NUMBER.fullmatch(folded)
    return int(found[1]) - 1 if found else -1


def _none_chips() -> set[str]:
    return {fold(phrases[key]) for phrases in PHRASES.values() for key in ("chip_none", "chip_no")}
