"""One conversation as the verbs of app.inbox would have written it, with the same words in its events.

`madoguchi verify` is the judge: after seeding it must find nothing wrong.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import bots
from app.bench.seeding.rows import packed, stamp
from app.bench.seeding.sentences import Text
from app.bench.seeding.threads import Colleague, Matter, Thread
from app.bot import storing
from app.inbox.current import FIRST_NUMBER, REOPEN_WITHIN


class Talk(Thread):
    """The verbs, one after the other as time goes on."""

    __slots__ = ()

    # --- the customer ---------------------------------------------------------------------------------

    def receive(self, said: Text) -> None:
        """inbox.receive, by the widget's socket or a webhook."""
        now = stamp(self.at)
        self.they_read(now)
        change = self._open_or_reopen(said.text, now)
        way, number = self.person.way, self.rows.ids["message"] + 1
        own = f"{number:x}"
        external = f"{self.person.address}:{own}" if way.live else f"e{own}"
        context: dict[str, Any] = {"locale": self.person.language, "client_id": own} if way.live else {}
        id = self.message("inbound", "customer", said, now, external=external, context=context)
        self.inbound += 1
        self.waiting_since = self.waiting_since or now
        self.event("message.received", "customer", None, id, {"case": change}, now)
        self.receipt(id, own, said.text, now)

    def _open_or_reopen(self, subject: str, now: str) -> str:
        matter = self.matter
        if matter is None or (matter.status == "resolved" and self._long_ago(matter)):
            self.write_matter()
            self.matter = Matter(self.rows.next_id("case"), subject[:200], now)
            self.status, self.assignee, self.misses = "open", None, 0
            self.set_owner("bot" if self.person.way.bot else "human")
            return "opened"
        if matter.status == "resolved":
            matter.status, matter.resolved_at, matter.resolved_by = "open", None, None
            matter.reopened += 1
            self.status = "open"
            return "reopened"
        return ""

    def _long_ago(self, matter: Matter) -> bool:
        return matter.resolved_at is not None and matter.resolved_at < stamp(
            self.at - REOPEN_WITHIN.total_seconds()
        )

    def they_read(self, now: str) -> None:
        for delivery, message, sent in self.unread_by_them:
            self.delivery(delivery, message, "read", sent, now)
            self.event("delivery", "system", None, message, {"state": "read", "reason": ""}, now)
        self.unread_by_them.clear()

    # --- the bot --------------------------------------------------------------------------------------

    def bot_answers(self, said: Text, entry: tuple[int, str], version: int) -> None:
        """answers.respond: what it decided about the last message, and its words."""
        now, (asked, _, question, _) = stamp(self.at), self.last
        id = self.outbound("bot", None, said, now)
        self.event("message.sent", "bot", None, id, {}, now)
        considered = (bots.Considered(entry[0], entry[1], entry[1], 91.5),)
        decided = bots.Decision("answer", self.person.language, version, said.text, considered=considered)
        detail = packed(storing.plain({**asdict(decided), "question": question}))
        made = (self.rows.next_id("decision"), self.id, asked, id, version, self.epoch, "answer")
        self.rows.add["decision"]((*made, entry[0], None, 91.5, detail, now))

    def hand_over(self, reason: str) -> None:
        """inbox.hand_over: a person is awaited."""
        if self.owner == "human":
            return
        self.set_owner("human")
        id, now = self.line("handed_over", None, {"reason": reason})
        self.waiting_since = self.waiting_since or now
        told = {"to": "human", "reason": reason, "epoch": self.epoch}
        self.event("handover", "bot", None, id, told, now)

    # --- we -------------------------------------------------------------------------------------------

    def assign(self, by: Colleague, to: Colleague | None, team_id: int | None, team: str) -> None:
        """inbox.assign, with its team."""
        if (self.assignee, self.team_id) == (to, team_id):
            return
        self.assignee, self.team_id = to, team_id
        if to is not None:
            self.set_owner("human")
        about = {"assignee": to.id if to else None, "name": to.name if to else "", "team": team}
        id, now = self.line("assigned", by, about)
        self.event("assigned", "agent", by, id, {"assignee": about["assignee"], "team": team_id}, now)

    def reply(self, agent: Colleague, said: Text) -> None:
        """inbox.reply."""
        self._become_human(agent)
        now = stamp(self.at)
        id = self.outbound("agent", agent, said, now)
        assert self.matter is not None
        self.matter.first_response_at = self.matter.first_response_at or now
        self.marks[agent.id] = (self.inbound, id, now)
        self.event("message.sent", "agent", agent, id, {}, now)
        if not self.person.way.live:  # a worker has sent it
            told = {"state": "sent", "reason": ""}
            self.event("delivery", "system", None, id, told, stamp(self.at + 0.2))

    def _become_human(self, agent: Colleague) -> None:
        if self.owner == "human":
            if self.assignee is None:
                self.assignee = agent
                self.event("assigned", "agent", agent, None, {"assignee": agent.id}, stamp(self.at))
            return
        self.set_owner("human")
        self.assignee = self.assignee or agent
        id, now = self.line("taken_over", agent, {})
        self.event("handover", "agent", agent, id, {"to": "human", "epoch": self.epoch}, now)

    def note(self, agent: Colleague, said: Text) -> None:
        """inbox.note."""
        now = stamp(self.at)
        id = self.message("note", "agent", said, now, agent=agent, client=self.client_id())
        self.event("note.added", "agent", agent, id, {}, now)

    def label(self, agent: Colleague, label_id: int, name: str) -> None:
        """inbox.put_label; once a conversation."""
        now = stamp(self.at)
        self.rows.add["conversation_label"]((self.id, label_id, now))
        self.event("labelled", "agent", agent, None, {"label": label_id, "name": name}, now)

    def escalate(self, agent: Colleague, reason: str, due: float) -> None:
        """inbox.escalate: before the supervisors, and left there."""
        assert self.matter is not None
        self.escalated = 1
        id, now = self.line("escalated", agent, {"type": "refund", "reason": reason, "by": "agent"})
        escalation = self.rows.next_id("escalation")
        made = (escalation, self.id, self.matter.id, "refund", reason, "agent", agent.id, now, stamp(due))
        self.rows.add["escalation"]((*made, "open", ""))
        self.event("escalated", "agent", agent, id, {"escalation": escalation, "type": "refund"}, now)

    def resolve(self, agent: Colleague | None) -> None:
        """inbox.resolve; without an agent the customer ended it."""
        matter, now = self.matter, stamp(self.at)
        assert matter is not None
        matter.status, matter.resolved_at, matter.resolved_by = "resolved", now, agent.id if agent else None
        self.status, self.waiting_since = "resolved", None
        id, _ = self.line("resolved", agent, {"number": FIRST_NUMBER + matter.id})
        self.event("resolved", "agent" if agent else "customer", agent, id, {"case": matter.id}, now)

    def rate(self, score: int) -> None:
        """inbox.rate, after the end."""
        assert self.matter is not None
        self.matter.rating = (score, stamp(self.at))
        id, now = self.line("rated", None, {"score": score, "comment": ""}, case_id=None)
        self.event("rated", "customer", None, id, {"score": score, "case": self.matter.id}, now)

    def snooze(self, agent: Colleague, until: float) -> None:
        """inbox.snooze."""
        assert self.matter is not None
        self.matter.status = self.status = "snoozed"
        self.snoozed_until = stamp(until)
        told = {"until": f"{self.snoozed_until.replace(' ', 'T')}+00:00"}
        id, now = self.line("snoozed", agent, told)
        self.event("snoozed", "agent", agent, id, told, now)
