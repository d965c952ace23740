"""What Meta's refusals mean: decided by their code and subcode, not by the HTTP status
(https://developers.facebook.com/docs/graph-api/guides/error-handling,
https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from channels.outbound import ChannelError
from channels.outcome import LONGEST_WAIT, asked_to_wait, refusal
from channels.text import clean

MAX_WORDS = 300
SLOWLY = 60.0  # seconds to wait where a limit is met and no time is told
Sort = Literal["again", "slower", "never", "gone", "window", "opted out", "account", "sign in"]


class Refused(ChannelError):
    """A refusal whose code is known: `sort` is what it means."""

    sort: Sort = "never"


class Reauthorise(Refused):
    """The access token is not good any more."""

    reauthorise = True


@dataclass(frozen=True)
class Meaning:
    """again: it will pass. slower: a limit is met. never: this message cannot be sent. gone: nothing arrives at this
    recipient. window: the time to answer is over. opted out: they do not want such messages. account: an admin has to
    do something at Meta. sign in: the token has to be renewed."""

    sort: Sort
    sentence: str

    def error(self, detail: str = "", wait: float | None = None) -> ChannelError:
        passing = self.sort in ("again", "slower")
        made = (Reauthorise if self.sort == "sign in" else Refused)(
            self.sentence,
            detail=detail,
            permanent=not passing,
            retry_after=(SLOWLY if self.sort == "slower" else None) if wait is None else wait,
            unreachable=self.sort == "gone",
            everybody=self.sort in ("account", "sign in"),
        )
        made.sort = self.sort
        return made


_DOWN = Meaning("again", "Meta is not working at the moment.")
_SLOWER = Meaning("slower", "Meta asks us to send more slowly.")
_TOKEN = Meaning("sign in", "Meta does not accept the access token any more. An admin has to renew it.")
_PERMISSION = Meaning("account", "The access token lacks a permission. An admin has to grant it at Meta.")
_MISUNDERSTOOD = Meaning("never", "Meta did not understand the message.")
_UNKNOWN_PERSON = Meaning("gone", "Meta does not know this recipient.")
_WINDOW = Meaning(
    "window", "Too much time has passed since they last wrote: Meta does not let us answer here any more."
)
_TEMPLATE_ONLY = Meaning(
    "window", "More than 24 hours have passed since they last wrote: only a template can be sent to them now."
)
_BLOCKED = Meaning("gone", "They cannot be written to here: they have blocked the account, or it is gone.")
_POLICY = Meaning(
    "account", "Meta has blocked sending for a while, because of its rules. An admin has to look there."
)
_RESTRICTED = Meaning("account", "WhatsApp has restricted the account. An admin has to look at Meta.")
_COUNTRY = Meaning("never", "WhatsApp does not let this account write to customers in this country.")
_SPAM = Meaning(
    "account", "WhatsApp holds messages back because too many were reported. An admin has to look at Meta."
)
_PAYMENT = Meaning("account", "WhatsApp wants the payment settled first. An admin has to look at Meta.")
_REGISTRATION = Meaning(
    "account", "The phone number is not registered at WhatsApp. An admin has to register it."
)
_UNDELIVERABLE = Meaning(
    "never", "WhatsApp cannot deliver to this customer: they may not use WhatsApp, or an old version."
)
_ECOSYSTEM = Meaning(
    "never",
    "WhatsApp held this back so that the customer does not get too much advertising. Try again tomorrow.",
)
_OPTED_OUT = Meaning("opted out", "They want no advertising from this account on WhatsApp.")
_SORT = Meaning("never", "WhatsApp does not take messages of this sort.")
_FILE = Meaning("never", "WhatsApp could not take this file.")
_SELF = Meaning("never", "This is the account's own number.")
_TEST_ONLY = Meaning("never", "This number is not among those that the test account may write to.")
_NO_TEMPLATE = Meaning("never", "WhatsApp has no approved template of this name in this language.")
_TEMPLATE = Meaning("never", "WhatsApp does not take this template as it was filled in.")
_TEMPLATE_OFF = Meaning("never", "WhatsApp has paused or switched off this template.")
_NEEDS_PHONE = Meaning("never", "WhatsApp needs the phone number for this message.")
_LIMIT = Meaning("never", "A limit of WhatsApp for this message is reached.")
_CONSENT = Meaning("never", "They have not agreed that the account may look them up.")
_NOT_HERE = Meaning("never", "Meta does not know this address. Check the channel's settings.")

_WITH_SUBCODE: dict[tuple[int, int], Meaning] = {
    (100, 2018001): _UNKNOWN_PERSON,
    (100, 33): _NOT_HERE,
    (10, 2018065): _WINDOW,
    (10, 2018278): _WINDOW,
    (10, 2534022): _WINDOW,
    (10, 2018108): _BLOCKED,
    (200, 1545041): _BLOCKED,
    (551, 1545041): _BLOCKED,
}
_BY_CODE: dict[int, Meaning] = {
    **dict.fromkeys((1, 2, 1200, 131000, 131016, 131057, 133004, 139103), _DOWN),
    **dict.fromkeys((4, 17, 32, 613, 130429, 131056, *range(80001, 80015)), _SLOWER),
    **dict.fromkeys((0, 102, 190), _TOKEN),
    **dict.fromkeys((3, 10, 131005, *range(200, 300)), _PERMISSION),
    **dict.fromkeys((100, 131008, 131009), _MISUNDERSTOOD),
    230: _CONSENT,
    551: _BLOCKED,
    368: _POLICY,
    131047: _TEMPLATE_ONLY,
    131026: _UNDELIVERABLE,
    131049: _ECOSYSTEM,
    131050: _OPTED_OUT,
    131051: _SORT,
    **dict.fromkeys((131052, 131053), _FILE),
    131021: _SELF,
    131030: _TEST_ONLY,
    131031: _RESTRICTED,
    130497: _COUNTRY,
    131048: _SPAM,
    131042: _PAYMENT,
    **dict.fromkeys((131045, 133010), _REGISTRATION),
    132001: _NO_TEMPLATE,
    **dict.fromkeys((132015, 132016), _TEMPLATE_OFF),
    **dict.fromkeys((132000, *range(132002, 132015)), _TEMPLATE),
    131062: _NEEDS_PHONE,
    **dict.fromkeys((131063, 131064), _LIMIT),
}


def meaning(code: int, subcode: int = 0) -> Meaning | None:
    """What a code stands for; None for one that is not known."""
    return _WITH_SUBCODE.get((code, subcode)) or _BY_CODE.get(code)


def refused(status: int, headers: Mapping[str, str], told: Mapping[str, Any]) -> ChannelError:
    """The `ChannelError` for an answer that is no success."""
    if 300 <= status < 400:
        return ChannelError("Meta's address redirects; redirects are not followed.", permanent=True)
    error = told.get("error")
    said = error if isinstance(error, dict) else {}
    detail = words(said)
    known = meaning(_number(said, "code"), _number(said, "error_subcode")) if "code" in said else None
    if said.get("is_transient") is True and (known is None or known.sort != "slower"):
        known = _DOWN
    if known is None:
        return refusal(status, asked_to_wait(headers), detail)
    passing = known.sort in ("again", "slower")
    return known.error(detail, _told_to_wait(headers) if passing else None)


def words(error: Mapping[str, Any]) -> str:
    """Meta's own words and the number of its trace, which its support asks for."""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    numbers = "/".join(str(one) for name in ("code", "error_subcode") if (one := _number(error, name)))
    said = [
        error.get("error_user_msg") or error.get("message") or error.get("title"),
        details,
        error.get("fbtrace_id"),
    ]
    return clean(
        " ".join([numbers, *(one for one in said if isinstance(one, str))]).strip()[: 2 * MAX_WORDS]
    )[:MAX_WORDS]


def failed(error: Mapping[str, Any]) -> Meaning:
    """What an error in a webhook says became of a message."""
    return meaning(_number(error, "code")) or Meaning("never", "Meta could not deliver the message.")


def _told_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds: of Retry-After, else what the header on the use of a business says, which counts in minutes
    (https://developers.facebook.com/docs/graph-api/overview/rate-limiting)."""
    told = asked_to_wait(headers)
    if told is not None:
        return told
    try:
        usage = json.loads(headers.get("x-business-use-case-usage", "{}"))
    except (ValueError, RecursionError):
        return None
    minutes = max(_minutes(usage), default=0)
    return min(minutes * 60.0, LONGEST_WAIT) if minutes else None


def _minutes(usage: Any) -> Iterator[int]:
    for uses in usage.values() if isinstance(usage, dict) else ():
        for use in uses if isinstance(uses, list) else ():
            if isinstance(use, dict):
                yield _number(use, "estimated_time_to_regain_access")


def _number(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9 else 0
