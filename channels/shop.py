"""A shop's own system: it tells of orders, visits and points, and is asked about a customer while an agent looks.

The format is documented in the product's help ("Touchpoints"). Requests both ways carry our own signature
(:mod:`channels.signing`); that of the question is over "GET <path>?<query>", for it has no body.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx2

from channels import batches, guard, signing, values
from channels.base import (
    Card,
    ChannelError,
    Connector,
    Event,
    Features,
    Outbound,
    Person,
    Request,
    Sent,
    Touch,
    setting,
)
from channels.outcome import asked_to_wait, refusal
from channels.values import Malformed, flag, number, when, words

MAX_IDENTITIES = 20  # told of one customer in a question
DEADLINE = 2.0  # seconds the whole question may take
MAX_ANSWER = 65_536  # bytes
MAX_CARDS, MAX_ROWS = 6, 12
MAX_TITLE, MAX_LABEL, MAX_VALUE = 120, 60, 300
BIGGEST = 10**15
ONLY_RECEIVES = "This channel only receives: nobody can be written to there."


@dataclass(frozen=True)
class ShopSettings:
    secret: str = signing.secret("Requests in both directions are signed with it. At least 16 characters.")
    old_secret: str = signing.old_secret()
    source: str = setting(
        "Name of the system",
        help="Its ids are unique under this name, whichever way they come in. Empty: the key of this channel.",
        maximum=64,
        placeholder="shop",
    )
    create: bool = setting(
        "Begin a new customer for whoever is not known here yet",
        help="Otherwise what is told of them waits until they write, call or come by.",
        default=False,
    )
    context_url: str = setting(
        "Address that tells about a customer",
        help="Asked by a signed GET when an agent opens a customer. Empty: nobody is asked.",
        url=True,
        placeholder="https://shop.example.jp/madoguchi/context",
        group="Asking your shop",
    )


class Shop(Connector[ShopSettings]):
    kind = "shop"
    label = "Shop system"
    help_page = "touchpoints"
    guide = (
        "Let a signing secret be made up here, and copy it to your system before you save: it is not shown again.",
        "Have your system post orders, visits and points to the webhook address, signed with that secret.",
        "If your system can tell about a customer, enter the address that does.",
    )
    features = Features(
        needs_public_url=True,
        inbound_only=True,
        identity_kind="crm",
        icon="store",
        tint="yamabuki",
    )
    Settings = ShopSettings

    def verify(self, request: Request) -> None:
        signing.verify(request, self.settings.secret, self.settings.old_secret)

    def parse(self, request: Request) -> list[Event]:
        return batches.read(request, lambda data, _: _touch(data, self.settings.create), "touchpoints")

    def send(self, outbound: Outbound) -> Sent:
        raise ChannelError(ONLY_RECEIVES, permanent=True)

    def check(self) -> str:
        """Ask about nobody in particular."""
        if not self.informs():
            return "This channel only receives. Send it a signed request to try it."
        self.inform("0", ())
        return "The shop's system answered."

    def informs(self) -> bool:
        return bool(self.settings.context_url)

    def inform(self, customer: str, people: Sequence[Person]) -> list[Card]:
        if not self.informs():
            return []
        shown = people[:MAX_IDENTITIES]
        named = ",".join(f"{one.kind}:{quote(one.address, safe='@+')}" for one in shown)
        told = {"customer": customer, "identities": named, "proofs": ",".join(one.proof for one in shown)}
        url = _with_query(self.settings.context_url, told)
        parts = urlsplit(url)
        stamp = int(time.time())
        target = f"GET {parts.path or '/'}?{parts.query}".encode()
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "X-Madoguchi-Channel": self.context.key,
            signing.HEADER: f"t={stamp},v1={signing.sign(self.settings.secret, stamp, target)}",
        }
        return _cards(_json(self._get(url, headers)))

    def _get(self, url: str, headers: Mapping[str, str]) -> bytes:
        try:
            with (
                guard.within(DEADLINE),
                self.http.stream("GET", self.context.at(url), headers=headers) as response,
            ):
                if not 200 <= response.status_code < 300:
                    raise refusal(response.status_code, asked_to_wait(response.headers))
                return _whole(response)
        except guard.Forbidden:
            raise ChannelError("The address leads into a private network.", permanent=True) from None
        except httpx2.TimeoutException:
            raise ChannelError("The shop's system did not answer in time.") from None
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
            raise ChannelError("The address is not a web address.", permanent=True) from None
        except httpx2.HTTPError:
            raise ChannelError("The shop's system could not be reached.") from None


def _touch(data: Mapping[str, Any], create: bool) -> Touch:
    people = _people(data)
    amount = number(data, "amount", 0, BIGGEST)
    currency = words(data, "currency", 3).upper()
    if amount is not None and len(currency) != 3:
        raise Malformed("currency: three letters (ISO 4217) are expected with an amount")
    return Touch(
        external_id=words(data, "id", values.MAX_ID, required=True),
        kind=words(data, "kind", 64, required=True),
        people=people,
        at=when(data, "at"),
        title=words(data, "title"),
        reference=words(data, "reference", 128),
        amount=amount,
        currency=currency,
        points=number(data, "points", -BIGGEST, BIGGEST),
        data=values.bounded(values.mapping(data.get("data"), "data")),
        create=flag(data, "create", create),
    )


def _people(data: Mapping[str, Any]) -> tuple[Person, ...]:
    """`customer`: kind → address, the best first."""
    told = values.mapping(data.get("customer"), "customer")
    name = words(data, "customer_name")
    try:
        found = [Person(words(told, kind, 320), name=name, kind=_kind(kind)) for kind in list(told)[:20]]
    except Malformed as wrong:
        raise Malformed(f"customer.{wrong}") from None
    named = tuple(one for one in found if one.address.strip())
    if not named:
        raise Malformed("customer: at least one address is expected, such as its email")
    return named


def _kind(kind: str) -> str:
    named = values.shown(kind, 64).strip()
    if not named or named != kind:
        raise Malformed(f"{values.shown(kind)}: this is no kind of address")
    return named


def _with_query(url: str, more: Mapping[str, str]) -> str:
    base = url.partition("#")[0]
    return f"{base}{'&' if '?' in base else '?'}{urlencode(more)}"


def _whole(response: httpx2.Response) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ChannelError("The shop's system did not answer with JSON as it was asked to.")
    read = b""
    for chunk in response.iter_bytes():
        read += chunk
        if len(read) > MAX_ANSWER:
            raise ChannelError("The answer of the shop's system is too long.")
    return read


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ChannelError("The shop's system did not answer with JSON as it was asked to.") from None


def _cards(document: Any) -> list[Card]:
    """The cards of an answer: {"cards": […]} or the list itself; what is none is left out."""
    told = document.get("cards") if isinstance(document, dict) else document
    if not isinstance(told, list):
        raise ChannelError("The shop's system did not answer with JSON as it was asked to.")
    return [card for one in told[:MAX_CARDS] if isinstance(one, dict) and (card := _card(one)) is not None]


def _card(told: Mapping[str, Any]) -> Card | None:
    rows = told.get("rows")
    pairs = [one for one in rows if isinstance(one, list) and len(one) == 2] if isinstance(rows, list) else []
    url = values.word(told, "url", values.MAX_URL)
    made = Card(
        title=values.word(told, "title", MAX_TITLE),
        rows=tuple((_cell(one[0], MAX_LABEL), _cell(one[1], MAX_VALUE)) for one in pairs[:MAX_ROWS]),
        url=url if url.startswith(("https://", "http://")) else "",
    )
    return made if made.title or made.rows else None


def _cell(value: Any, most: int) -> str:
    plain = isinstance(value, str | int | float) and not isinstance(value, bool)
    return values.shown(value, most) if plain else ""
