"""What Twilio's refusals mean for a message on its way."""

from channels.calling import LOST_STATUSES, Answer
from channels.outbound import ChannelError
from channels.outcome import asked_to_wait, refusal
from channels.sms.codes import Code, code, number_of
from channels.text import clean

LOST = "We do not know whether Twilio took this message. Look before you send it again."

_STATUSES = {
    400: "Twilio did not understand the message.",
    401: "Twilio does not accept the Account SID and the Auth Token.",
    403: "Twilio does not allow this to the account.",
    404: "Twilio does not accept the Account SID and the Auth Token.",
    429: "Twilio asks us to send more slowly.",
}


def refused(answer: Answer) -> ChannelError:
    """The `ChannelError` for an answer that is no success."""
    told = answer.told
    number, said = number_of(told.get("code")), told.get("message")
    words = clean(said)[:300] if isinstance(said, str) else ""
    if answer.status in LOST_STATUSES:
        return ChannelError(LOST, detail=str(answer.status), ambiguous=True)
    if 300 <= answer.status < 400:
        return ChannelError("Twilio's address redirects; redirects are not followed.", permanent=True)
    general = refusal(answer.status, asked_to_wait(answer.headers), f"{number or ''} {words}".strip())
    if (known := code(number)) is not None:
        return failed(known, general.detail, general.retry_after)
    passing = "Twilio is not working at the moment." if not general.permanent else "Twilio refused this."
    return ChannelError(
        _STATUSES.get(answer.status, passing),
        detail=general.detail,
        permanent=general.permanent,
        retry_after=general.retry_after,
        everybody=answer.status in (401, 429),
    )


def failed(known: Code, detail: str, retry_after: float | None = None) -> ChannelError:
    """The same for a code that we know."""
    return ChannelError(
        known.sentence,
        detail=detail,
        permanent=known.permanent,
        retry_after=retry_after,
        unreachable=known.unreachable,
        everybody=known.everybody or known.sentence == _STATUSES[429],
    )
