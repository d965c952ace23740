"""What all platforms of the sandbox share, and what each of them is."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute

from app.sandbox.clock import Clock, Ids
from app.sandbox.faults import Fault, Faults
from app.sandbox.hooks import REFUSED, TIMEOUT, UNREACHED, WITHIN, Hooks
from app.sandbox.record import Record
from app.sandbox.talks import Customer, Talks

if TYPE_CHECKING:
    from app.sandbox.files import File

SAID = 1000  # bytes of a call that stand on the record where it was struck


@dataclass
class House:
    """Clock, chance, misbehaviour and record. `base`: where the sandbox itself is reached."""

    base: str
    seed: int = 1
    keep: int = 100_000
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.ids = Ids(self.clock, self.seed)
        self.faults = Faults(self.seed)
        self.record = Record(self.clock, self.keep)

    def reset(self) -> None:
        """As at the start: the same seed, no misbehaviour, an empty record."""
        self.clock.ahead = 0.0
        self.ids.begin()
        self.faults.clear()
        self.record.clear()


@dataclass(frozen=True)
class Picture:
    """A sticker to send: its id and its name in Japanese and English."""

    id: str
    ja: str
    en: str


class Asked(str):
    """What is the same for a call in every run; `said` is the beginning of what was told with it."""

    said: str

    @classmethod
    def of(cls, same: str, body: bytes) -> Asked:
        """With the body of the call."""
        made = cls(same)
        made.said = body[:SAID].decode("utf-8", "replace")
        return made

    @classmethod
    async def by(cls, request: Request, *more: str) -> Asked:
        """By the path and body of a request, and what `more` tells it from others."""
        body = await request.body()
        digest = hashlib.sha256(body).hexdigest()[:16]
        return cls.of(" ".join((request.url.path, *more, digest)), body)


class BadAct(ValueError):
    """A customer cannot do that; the text says why."""


class Platform(ABC):
    """One platform. It answers under its own host names, as `/api.example.com/…` of the sandbox.

    `name` stands in paths and names the script and colours of its phone; `label` is its name for people. `stickers` are
    those one can send, at the address `sticker_src` with the id for "{id}"; `reactions` what one
    can put on a message; `places`: whether one can send a location; `edits`: whether one can change what one wrote;
    `batches`: whether one webhook tells several events; `retries`: after which failures a webhook is sent again;
    `within`: seconds the product has to answer one. `settable`: attributes of the `holder` that may be set as they are.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    stickers: ClassVar[tuple[Picture, ...]] = ()
    sticker_src: ClassVar[str] = ""
    reactions: ClassVar[tuple[str, ...]] = ()
    places: ClassVar[bool] = True
    edits: ClassVar[bool] = False
    batches: ClassVar[bool] = True
    retries: ClassVar[tuple[str, ...]] = (TIMEOUT, UNREACHED, REFUSED)
    within: ClassVar[float] = WITHIN
    settable: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, house: House, hooks_url: str) -> None:
        self.house = house
        self.talks = Talks()
        self.hooks = Hooks(house.record, house.faults, self, hooks_url)
        self.hooks.within = self.within
        self._first_url = hooks_url

    @abstractmethod
    def begin(self) -> None:
        """The account and its first customers, as at the start."""

    @abstractmethod
    def hosts(self) -> Mapping[str, list[BaseRoute]]:
        """Host name → the doors under it."""

    @property
    @abstractmethod
    def shop(self) -> tuple[str, str]:
        """The shop's name there, and the address of its picture."""

    @abstractmethod
    def face(self, id: str) -> str:
        """The address of somebody's picture."""

    def customer(self, id: str) -> Customer:
        """The customer of this id, made if the id is a good one. Raises `BadAct`."""
        if id not in self.talks.customers:
            self.talks.customers[id] = self.stranger(id)
        return self.talks.customers[id]

    @abstractmethod
    def stranger(self, id: str) -> Customer:
        """Somebody of whom nobody has heard. Raises `BadAct` where the id is none."""

    @abstractmethod
    def new_id(self) -> str:
        """An id for one more customer."""

    @abstractmethod
    def act(self, customer: Customer, action: Mapping[str, Any]) -> dict[str, Any]:
        """The customer does something: it is shown on the phone and told by webhook. Raises `BadAct`.

        Returns {"event": id, "message": id}, empty where there is none.
        """

    @abstractmethod
    def request(self, events: list[dict[str, Any]]) -> tuple[dict[str, str], bytes]:
        """The signed webhook that tells these events: its headers and body."""

    def mute(self, customer: Customer) -> bool:
        """Whether the customer can only read there."""
        return False

    def goes_to(self, event: dict[str, Any]) -> str:
        """The address of the webhook that tells this event."""
        return self.hooks.url

    def signed(self, url: str, body: bytes) -> str:
        """The address with the signature of a webhook in it, where that is its place."""
        return url

    def again(self, event: dict[str, Any]) -> dict[str, Any]:
        """The event as it is told another time."""
        return event

    @abstractmethod
    def event_id(self, event: dict[str, Any]) -> str:
        """By which the product knows the event again."""

    def told(self, customer: Customer, event: dict[str, Any]) -> None:
        """The product has answered a webhook about this event with success: some platforms show it."""
        return None

    async def heard(self, answer: bytes) -> None:
        """The body of a successful answer to a webhook: some platforms do what it says."""
        return None

    def seen(self, customer: Customer) -> None:
        """The customer looks at the phone: some platforms tell that messages were read."""
        return None

    def media(self, message: str) -> Response:
        """The file of a bubble, for the phone page."""
        file = self.file_of(message)
        if file is None or file.gone:
            return PlainTextResponse("Gone", 410)
        return Response(file.body, media_type=file.media_type)

    @abstractmethod
    def file_of(self, message: str) -> File | None:
        """The file of a bubble, if it has or had one."""

    @property
    @abstractmethod
    def holder(self) -> Any:
        """What has the attributes that are `settable`."""

    def settings(self) -> dict[str, Any]:
        """How it is set up, as JSON; secrets are this sandbox's own and no secret."""
        own = {name: getattr(self.holder, name) for name in sorted(self.settable)}
        hooks = {"webhook": self.hooks.url, "redeliver": self.hooks.redeliver, "within": self.hooks.within}
        return {**self.about(), **own, **hooks}

    @abstractmethod
    def about(self) -> dict[str, Any]:
        """Of the settings those that are not `settable`: what is to be entered in the product, and more."""

    def set(self, told: Mapping[str, Any]) -> None:
        """Set some of them. Raises `BadAct`."""
        for name, value in told.items():
            if name in self.settable:
                setattr(self.holder, name, value)
            elif name in ("redeliver", "within"):
                setattr(self.hooks, name, value)
            elif name == "webhook":
                self.call_at(str(value))
            elif not self.change(name, value):
                raise BadAct(f"{name} cannot be set")

    def call_at(self, url: str) -> None:
        """Webhooks go there from now on; "" for nowhere."""
        self.hooks.url = url

    def change(self, name: str, value: Any) -> bool:
        """Do what is asked for by a name that is none of `settable`. False where nobody knows it."""
        return False

    def reset(self) -> None:
        """Everything as at the start."""
        self.hooks.forget()
        self.hooks.url, self.hooks.redeliver = self._first_url, True
        self.talks.customers.clear()
        self.begin()
        self.talks.reload()

    def strikes(self, fault: str, call: str, subject: str, to: str = "") -> Fault | None:
        """The rule of misbehaviour that strikes this call now, on the record, if one does."""
        rule = self.house.faults.strikes(fault, self.name, subject, call, to)
        if rule:
            said = subject.said if isinstance(subject, Asked) else ""
            self.house.record.add(self.name, "fault", fault=fault, call=call, subject=subject, said=said)
        return rule
