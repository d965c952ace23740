"""What TikTok's refusals mean: an answer of 200 with a `code` other than 0, or an HTTP status of a gateway before it
(https://business-api.tiktok.com/portal/docs?id=1737172488964097, "Return codes")."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from channels import oauth
from channels.calling import Answer
from channels.outbound import ChannelError
from channels.outcome import asked_to_wait, refusal
from channels.text import clean

SLOWLY = 60.0  # seconds to wait where a limit is met and no time is told
MAX_WORDS = 300
LOST = "We do not know whether TikTok took this message. Look before you send it again."
Sort = Literal["again", "slower", "never", "token", "sign in", "account"]
_HURRIED = ("too fast", "too frequent", "too many requests", "frequency")


class Refused(ChannelError):
    """A refusal whose code is known: `sort` is what it means."""

    sort: Sort = "never"


class Reauthorise(Refused):
    """Only signing in at TikTok again helps."""

    reauthorise = True
    sort: Sort = "sign in"


@dataclass(frozen=True)
class Meaning:
    """again: it will pass. slower: a limit is met. never: this message cannot be sent. token: the access token is over,
    a new one may be had. sign in: nor that. account: an admin has to do something. `everybody`: it is no matter of this
    message alone."""

    sort: Sort
    sentence: str
    everybody: bool = False

    def error(self, detail: str = "", wait: float | None = None) -> Refused:
        passing = self.sort in ("again", "slower")
        made = (Reauthorise if self.sort in ("token", "sign in") else Refused)(
            self.sentence,
            detail=detail,
            permanent=not passing,
            retry_after=(SLOWLY if self.sort == "slower" else None) if wait is None else wait,
            everybody=self.everybody or self.sort in ("account", "token", "sign in"),
        )
        made.sort = self.sort
        return made


SIGN_IN = Meaning("sign in", "TikTok does not let us in any more: somebody has to sign in there again.")
UNSIGNED = Meaning("sign in", oauth.UNSIGNED)
SLOWER = Meaning("slower", "TikTok asks us to send more slowly.", everybody=True)
_TOO_FAST = Meaning("slower", SLOWER.sentence)
_TOKEN = Meaning("token", SIGN_IN.sentence)
_DOWN = Meaning("again", "TikTok is not working at the moment.")
_RULES = Meaning("never", "TikTok's rules hold this message back: the customer has to write first.")
_PERMISSION = Meaning(
    "account", "TikTok does not allow this: the account or the app lacks the permission for messages."
)
_APP = Meaning(
    "account", "TikTok does not accept the app ID and the app secret. Check the channel's settings."
)
_CODE = Meaning(
    "never", "This sign-in was used before, or was left open for too long. Please begin it again."
)
_MISUNDERSTOOD = Meaning("never", "TikTok did not understand the message.")
_GONE = Meaning("never", "TikTok does not know what this is about any more.")
_FILE = Meaning("never", "TikTok does not take this file.")

CODES: dict[int, Meaning] = {
    40001: _PERMISSION,
    40002: _MISUNDERSTOOD,
    40007: _GONE,
    40016: SLOWER,
    40064: _RULES,
    40100: SLOWER,
    40101: _APP,
    40102: _TOKEN,
    40103: SIGN_IN,
    40104: _TOKEN,
    40105: _TOKEN,
    40110: _CODE,
    40908: _FILE,
    51065: _DOWN,
}


def code_of(answer: Answer) -> int:
    """The `code` of an answer; 0 where there is none."""
    code = answer.told.get("code")
    return code if isinstance(code, int) and not isinstance(code, bool) else 0


def refused(answer: Answer) -> ChannelError:
    """The `ChannelError` for an answer that is no success."""
    code, detail = code_of(answer), words(answer.told)
    if 300 <= answer.status < 400:
        return ChannelError("TikTok's address redirects; redirects are not followed.", permanent=True)
    if code:
        return meaning(code, detail).error(f"{code} {detail}".strip(), asked_to_wait(answer.headers))
    general = refusal(answer.status, asked_to_wait(answer.headers), detail)
    if answer.status == 429:
        return SLOWER.error(general.detail, general.retry_after)
    return general


def meaning(code: int, said: str = "") -> Meaning:
    """What a code stands for. Who sends too fast to one customer is told so in words, under the code of the rules."""
    known = CODES.get(code)
    if known in (None, _RULES) and any(hurried in said.lower() for hurried in _HURRIED):
        return _TOO_FAST
    if known is not None:
        return known
    return _DOWN if 50_000 <= code < 60_000 else Meaning("never", "TikTok refused this.")


def words(told: Mapping[str, Any]) -> str:
    """TikTok's own words and the number of the request, which its support asks for."""
    said = [told.get("message"), told.get("request_id")]
    return clean(" ".join(one for one in said if isinstance(one, str)).strip()[: 2 * MAX_WORDS])[:MAX_WORDS]
