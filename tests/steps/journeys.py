"""The journeys of a message (design.md, 5) as the people and programs outside go through them.

Each is a list of acts. An act is done again until it was acknowledged, with the same ids: that is what providers,
widgets and our own pages do. What was acknowledged is never done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from starlette.testclient import TestClient

from app import deliver, main, visitors
from app.bot import answers
from app.db import as_of, now
from app.models import Agent, Channel
from tests.steps.crash import Tell
from tests.steps.partner import Partner, signed
from tests.web.visiting import Browser

QUESTION = "送料はいくらですか"
BEGINNING = "あの、昨日のことで"  # which the bot waits with
PAUSE = 3


@dataclass(frozen=True)
class Person:
    """An agent who is signed in, and their browser's session."""

    agent: Agent
    session: str
    csrf: str


@dataclass
class Case:
    """One going through a journey: its own word, its own customer, and what the outside knows by now."""

    word: str
    channel: Channel
    agent: Person
    partner: Partner
    asked: str = QUESTION
    thread: int = 0
    died: str = ""
    hasty: bool = False  # the partner tells of what it took before we have written down that it did
    knows: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return f"{self.asked} {self.word}"

    @property
    def answer(self) -> str:
        return f"承知しました {self.word}"

    @contextmanager
    def named(self) -> Iterator[None]:
        """What goes wrong inside is told with the step it died at."""
        try:
            yield
        except Exception as error:
            raise AssertionError(f"{self.word}, which died {self.died}: {error}") from error


Act = Callable[[Case, Tell], None]


@dataclass(frozen=True)
class Journey:
    """`bot`: the bot answers the customer; `wrote_before`: they wrote already; `replied`: an agent answers;
    `waits`: the bot waits for what else they say."""

    acts: tuple[Act, ...]
    kind: str = "api"
    bot: bool = True
    wrote_before: bool = False
    replied: bool = False
    waits: bool = False

    def go(self, case: Case, tell: Tell) -> None:
        """Do what has not been acknowledged yet."""
        for act in self.acts:
            if act.__name__ not in case.knows:
                act(case, tell)
                if act is not acknowledges:  # of which there may be more later
                    keep(case, tell, act.__name__, "done")


def client() -> TestClient:
    return TestClient(main.app, raise_server_exceptions=False, follow_redirects=False)


def told(answer: Any) -> Any:
    """What a client got. Anything but success is an error here: nothing is wrong with what it asked."""
    assert answer.status_code == 200, (answer.status_code, answer.text)
    return answer


# --- acts ------------------------------------------------------------------------------------------------


def writes(case: Case, tell: Tell) -> None:
    """The customer writes, and their provider calls our webhook."""
    event = {"type": "message", "id": case.word, "from": {"id": case.word, "name": "山田"}, "text": case.text}
    told(client().post(f"/hooks/{case.channel.key}", **signed(event)))


def works(case: Case, tell: Tell) -> None:
    """A worker was woken."""
    deliver.drain(case.channel.id)


def falls_silent(case: Case, tell: Tell) -> None:
    """Nothing more is said, the bot's pause is over, and a worker is woken."""
    with as_of(now() + timedelta(seconds=2 * PAUSE)):
        answers.conclude_due()
        deliver.drain(case.channel.id)


def opens_the_chat(case: Case, tell: Tell) -> None:
    """A visitor's browser says hello and keeps the token it is given."""
    ticket = visitors.issue_ticket(case.channel.key, "https://shop.example.jp", now())
    hello = {"t": "hello", "v": 1, "ticket": ticket, "locale": "ja"}
    (welcome, *_) = frames(case, "", hello)
    keep(case, tell, "token", welcome["token"])


def chats(case: Case, tell: Tell) -> None:
    """The visitor sends a message."""
    (ack, *_) = frames(case, case.knows["token"], {"t": "send", "id": case.word, "text": case.text})
    assert ack["t"] == "ack", ack


def frames(case: Case, token: str, frame: dict[str, Any]) -> list[dict[str, Any]]:
    body = {"token": token, "frames": [frame]}
    found: list[dict[str, Any]] = told(client().post(f"/widget/{case.channel.key}/frames", json=body)).json()[
        "frames"
    ]
    return found


def replies(case: Case, tell: Tell) -> None:
    """An agent answers in the inbox."""
    browser = Browser()
    browser.carry(case.agent.session)
    form = {"csrf": case.agent.csrf, "text": case.answer, "client_id": f"client-{case.word}"}
    told(browser.post(f"/conversations/{case.thread}/replies", data=form))


def acknowledges(case: Case, tell: Tell) -> None:
    """The partner tells that what it took was delivered (it tells nothing of what it did not get)."""
    for key in sorted(set(case.partner.taken(case.answer)) - case.knows.keys()):
        event = {"type": "receipt", "id": f"theirs-{key}", "state": "delivered"}
        told(client().post(f"/hooks/{case.channel.key}", **signed(event)))
        keep(case, tell, key, "acknowledged")


def keep(case: Case, tell: Tell, name: str, value: str) -> None:
    case.knows[name] = value
    tell(name, value)


JOURNEYS = {
    "a message comes in by a webhook and the bot answers": Journey((writes, works)),
    "the bot waits for what else is said, and answers when nothing is": Journey(
        (falls_silent,), waits=True, wrote_before=True
    ),
    "a visitor opens the chat and writes": Journey((opens_the_chat, chats), kind="webchat"),
    "an agent answers, it is sent, and its receipt comes back": Journey(
        (replies, works, acknowledges), wrote_before=True, replied=True
    ),
    "an answer is sent over a provider without idempotency keys": Journey(
        (works, acknowledges), kind="letter", bot=False, wrote_before=True, replied=True
    ),
}
