"""What LINE's refusals mean for a message on its way."""

from channels.line.answer import Answer
from channels.outbound import ChannelError
from channels.outcome import asked_to_wait, refusal

MONTHLY = "monthly limit"  # in the words of the 429 that lasts until next month
USED_REPLY_TOKEN = "invalid reply token"
NOT_SENT = "failed to send messages"  # an id nobody has, or of somebody who is no friend of this account
UNKNOWN = "We do not know whether LINE took this message. Look before you send it again."

_SENTENCES = {
    400: "LINE did not understand the message.",
    401: "LINE does not accept the access token. Check the channel's settings.",
    403: "LINE does not allow this with the account's plan.",
    404: "LINE does not know what this is about.",
    410: "The customer has taken this back.",
    413: "The message is too large for LINE.",
    415: "LINE does not take messages of this sort.",
    429: "LINE asks us to send more slowly.",
}


def refused(answer: Answer) -> ChannelError:
    """The `ChannelError` for an answer that is no success. The number of the request is for LINE's support.

    Messages of the month that are used up concern this message alone: the bot's replies are free and go on.
    """
    said = answer.words
    if answer.status == 429 and MONTHLY in said.lower():
        return ChannelError(
            "The messages of this month are used up at LINE. An admin can change the plan there.",
            detail=said,
            permanent=True,
        )
    if answer.status == 400 and NOT_SENT in said.lower():
        return ChannelError("LINE cannot reach this customer.", detail=said, permanent=True, unreachable=True)
    if answer.status == 409:  # taken before, but LINE does not prove it
        return ChannelError(UNKNOWN, detail=said, permanent=True, ambiguous=True)
    if 300 <= answer.status < 400:
        return ChannelError("LINE's address redirects; redirects are not followed.", permanent=True)
    general = refusal(answer.status, asked_to_wait(answer.headers), f"{said} {answer.request_id}".strip())
    passing = "LINE is not working at the moment." if not general.permanent else "LINE refused this."
    return ChannelError(
        _SENTENCES.get(answer.status, passing),
        detail=general.detail,
        permanent=general.permanent,
        retry_after=general.retry_after,
        everybody=answer.status in (401, 429),
        ambiguous=answer.status >= 500,  # it may have been taken: only the retry key makes another try safe
    )


def is_used_reply_token(answer: Answer) -> bool:
    """Whether a reply was refused because its token was used before, or is too old."""
    return answer.status == 400 and USED_REPLY_TOKEN in answer.words.lower()
