"""The state of one conversation while it is told, and the rows that its every step leaves behind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.bench.seeding.rows import Rows, packed, stamp
from app.bench.seeding.sentences import Text
from app.inbox.current import FIRST_NUMBER
from app.text import one_line


@dataclass(frozen=True, slots=True)
class Way:
    """A channel as seeding needs it."""

    id: int
    key: str
    live: bool
    bot: bool


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who answers."""

    id: int
    name: str


@dataclass(slots=True)
class Matter:
    """A case that may still change; written when the next one begins, or at the end."""

    id: int
    subject: str
    opened_at: str
    status: str = "open"
    first_response_at: str | None = None
    resolved_at: str | None = None
    resolved_by: int | None = None
    reopened: int = 0
    rating: tuple[int, str] | None = None


@dataclass(slots=True)
class Person:
    """The customer of a thread."""

    name: str
    identity_id: int
    address: str
    language: str
    way: Way


@dataclass(slots=True)
class Thread:
    """The state of a conversation; `at` is now, in seconds since 1970. Its id is its customer's, too."""

    rows: Rows
    id: int
    person: Person
    at: float
    made_at: str
    owner: str = "bot"
    epoch: int = 0
    status: str = "resolved"
    assignee: Colleague | None = None
    team_id: int | None = None
    matter: Matter | None = None
    snoozed_until: str | None = None
    waiting_since: str | None = None
    last: tuple[int, str, str, str] = (0, "", "", "")  # message id, sent at, text, author
    inbound: int = 0
    misses: int = 0
    escalated: int = 0
    last_event: int = 0
    unread_by_them: list[tuple[int, int, str]] = field(default_factory=list)  # delivery, message, sent at
    marks: dict[int, tuple[int, int, str]] = field(default_factory=dict)

    def finish(self) -> None:
        """Write what could still change until now."""
        for delivery, message, sent in self.unread_by_them:
            self.delivery(delivery, message, "sent", sent, sent)
        self.write_matter()
        for agent_id, mark in self.marks.items():
            self.rows.add["read_mark"]((self.id, agent_id, *mark))
        last_id, last_at, said, author = self.last
        assignee = self.assignee.id if self.assignee else None
        kept = (self.owner, self.epoch, self.status, assignee, self.team_id, 0, self.snoozed_until)
        shown = (self.waiting_since, last_at, last_id, one_line(said, 140), author, self.person.way.id)
        rest = (self.inbound, self.misses, "[]", self.escalated, self.last_event, self.person.language)
        self.rows.add["conversation"]((self.id, self.id, self.id, *kept, *shown, *rest, self.made_at))

    def write_matter(self) -> None:
        one = self.matter
        if one is None:
            return
        score, rated_at = one.rating or (None, None)
        about = (one.id, FIRST_NUMBER + one.id, self.id, one.subject, one.status, one.opened_at)
        ended = (one.first_response_at, one.resolved_at, one.resolved_by, one.reopened)
        self.rows.add["case"]((*about, *ended, score, "", rated_at))

    def set_owner(self, owner: str) -> None:
        if self.owner != owner:
            self.owner, self.epoch = owner, self.epoch + 1

    def client_id(self) -> str:
        return f"c{self.rows.ids['message'] + 1:x}"

    def outbound(self, author: str, agent: Colleague | None, said: Text, now: str) -> int:
        client = self.client_id() if agent else None
        id = self.message("outbound", author, said, now, agent=agent, client=client)
        self.waiting_since = None
        way, delivery = self.person.way, self.rows.next_id("delivery")
        self.rows.add["delivery_ref"]((way.id, str(id) if way.live else f"m{id}", delivery, ""))
        if way.live:
            self.unread_by_them.append((delivery, id, now))
        else:
            self.delivery(delivery, id, "sent", now, stamp(self.at + 0.2), attempts=1)
        return id

    def delivery(
        self, id: int, message: int, state: str, due: str, updated: str, *, attempts: int = 0
    ) -> None:
        about = (id, message, self.person.way.id, self.person.identity_id, state, attempts, due)
        claim = (f"{id:016x}", due) if attempts else ("", None)
        self.rows.add["delivery"]((*about, *claim, "", updated))

    def line(
        self, what: str, agent: Colleague | None, about: dict[str, Any], case_id: int | None = -1
    ) -> tuple[int, str]:
        now, matter = stamp(self.at), self.matter
        case_id = (matter.id if matter else None) if case_id == -1 else case_id
        id = self.rows.next_id("message")
        whose = (id, self.id, case_id, "system", "system", agent.id if agent else None)
        context = packed({"what": what, **about})
        self.rows.add["message"]((*whose, None, None, None, None, "", "", "", "[]", "[]", context, now, now))
        return id, now

    def message(
        self,
        kind: str,
        author: str,
        said: Text,
        now: str,
        *,
        agent: Colleague | None = None,
        external: str | None = None,
        client: str | None = None,
        context: dict[str, Any] | None = None,
    ) -> int:
        rows, id, matter = self.rows, self.rows.next_id("message"), self.matter
        ours = kind == "note"
        way_id = None if ours else self.person.way.id
        whose = (id, self.id, matter.id if matter else None, kind, author, agent.id if agent else None)
        by = (None if ours else self.person.identity_id, way_id, external, client)
        about = packed(context) if context else "{}"
        rows.add["message"]((*whose, *by, said.text, "", "", "[]", "[]", about, now, now))
        rows.add["search_message"]((id, said.tokens, self._scopes(author, way_id, agent, note=ours)))
        rows.waiting += 1
        if not ours:
            self.last = (id, now, said.text, author)
        return id

    def _scopes(self, author: str, way_id: int | None, agent: Colleague | None, *, note: bool) -> list[str]:
        """As app.search.indexing narrows messages."""
        scopes = [f"v{self.id}", f"w{author}"]
        scopes += [f"u{self.id}"] if author == "customer" else []
        scopes += [f"c{way_id}"] if way_id is not None else []
        scopes += [f"a{agent.id}"] if agent else []
        return scopes + (["knote"] if note else [])

    def event(
        self,
        kind: str,
        actor: str,
        agent: Colleague | None,
        message: int | None,
        data: dict[str, Any],
        now: str,
    ) -> None:
        id = self.rows.next_id("event")
        told = packed(data) if data else "{}"
        by = agent.id if agent else None
        self.rows.add["event"]((id, self.id, kind, now, actor, by, message, self.last_event, told, id))
        self.last_event = id

    def receipt(self, message_id: int, own: str, said: str, now: str) -> None:
        person, way = self.person, self.person.way
        if way.live:
            about: dict[str, Any] = {
                "address": person.address,
                "scope": way.key,
                "kind": "",
                "proof": "device",
                "name": "",
            }
            about |= {"email": "", "phone": "", "locale": person.language, "claimed": {}}
            headers = {"x-sender": packed(about), "x-device": person.address}
            headers |= {"x-received": f"{now.replace(' ', 'T')}+00:00", "origin": ""}
            body: dict[str, Any] = {"t": "send", "id": own, "text": said}
        else:
            headers = {"content-type": "application/json", "user-agent": "shop/4.2"}
            event = {"type": "message", "id": f"e{own}", "from": {"id": person.address}, "text": said}
            body = {"events": [event]}
        self.rows.add["raw_receipt"](
            (
                self.rows.next_id("raw_receipt"),
                way.id,
                now,
                "FRAME" if way.live else "POST",
                "" if way.live else f"https://desk.example.jp/hooks/{way.key}",
                packed(headers),
                packed(body).encode(),
                "" if way.live else "192.0.2.10",
                "parsed",
                "",
                now,
                f'[{{"event": "inbound", "message": {message_id}, "new": true}}]',
            )
        )
