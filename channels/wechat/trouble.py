"""What WeChat's refusals mean. It answers 200 to everything; what went wrong stands in `errcode`."""

from typing import Any

from channels.calling import LOST_STATUSES, Answer
from channels.outbound import ChannelError
from channels.outcome import asked_to_wait, refusal
from channels.text import clean
from channels.wechat.codes import TOKEN_REFUSED, Code, code

LOST = "We do not know whether WeChat took this message. Look before you send it again."
NO_TOKEN = "WeChat gives no access token at the moment."
BAD_SECRET = "WeChat does not accept the AppID and the AppSecret."

_STATUSES = {
    400: "WeChat did not understand the message.",
    413: "The message is too large for WeChat.",
    429: "WeChat asks us to send more slowly.",
}


class Refused(ChannelError):
    """WeChat said no, by a `number` of its own."""

    def __init__(self, number: int, sentence: str, **more: Any) -> None:
        super().__init__(sentence, **more)
        self.number = number


def is_file(answer: Answer) -> bool:
    """Whether it is what a customer sent: whatever stands in it, WeChat did not say it."""
    return answer.headers.get("content-type", "").lower().startswith(("image/", "audio/", "video/"))


def number_of(answer: Answer) -> int:
    """Its `errcode`; 0 for none, which is a success."""
    told = None if is_file(answer) else answer.told.get("errcode")
    return told if isinstance(told, int) else 0


def refused(answer: Answer) -> ChannelError:
    """The `ChannelError` for an answer that is no success."""
    if answer.status in LOST_STATUSES:
        return ChannelError(LOST, detail=str(answer.status), ambiguous=True)
    if 300 <= answer.status < 400:
        return ChannelError("WeChat's address redirects; redirects are not followed.", permanent=True)
    if answer.ok:
        return _by_code(answer)
    general = refusal(answer.status, asked_to_wait(answer.headers), _words(answer))
    passing = "WeChat is not working at the moment." if not general.permanent else "WeChat refused this."
    return ChannelError(
        _STATUSES.get(answer.status, passing),
        detail=general.detail,
        permanent=general.permanent,
        retry_after=general.retry_after,
        everybody=answer.status == 429,
    )


def no_token(answer: Answer) -> ChannelError:
    """The same for the answer to a question for a token: there it is the secret that is wrong, not the token."""
    if answer.ok and number_of(answer) in TOKEN_REFUSED:
        return ChannelError(BAD_SECRET, detail=_words(answer), permanent=True, everybody=True)
    if answer.ok and number_of(answer) == 0:
        return ChannelError(NO_TOKEN, everybody=True)
    error = refused(answer)
    return ChannelError(
        error.sentence,
        detail=error.detail,
        permanent=error.permanent,
        retry_after=error.retry_after,
        everybody=True,
    )


def _by_code(answer: Answer) -> ChannelError:
    """A code nobody knows is about the message: sent again, it would be refused again."""
    known = code(number_of(answer)) or Code("WeChat refused this.")
    return Refused(
        number_of(answer),
        known.sentence,
        detail=_words(answer),
        permanent=known.permanent,
        retry_after=known.rest,
        unreachable=known.unreachable,
        everybody=known.everybody,
    )


def _words(answer: Answer) -> str:
    """The code and WeChat's own words, with the number its support asks for (rid)."""
    said = answer.told.get("errmsg")
    words = clean(said)[:300] if isinstance(said, str) else ""
    return f"{number_of(answer) or ''} {words}".strip()
