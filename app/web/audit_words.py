"""Events of the audit trail as sentences in the reader's language."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.requests import Request

from app.directory.persons import Bond, Move, bonds_named, moves_named
from app.formats import exact
from app.models import Agent, BotFlow, BotRule, Event, FaqEntry, Team
from app.render import zone_of
from app.web.pages import words

# Kind of event → sentence; what the values are, `_values` tells. `_variant` chooses where there are two.
SENTENCES: Mapping[str, str] = {
    "audit.person_added": "%(who)s was added as %(role)s.",
    "audit.person_edited": "The name or address of %(who)s was changed.",
    "audit.role": "The role of %(who)s was changed from %(before)s to %(after)s.",
    "audit.activated": "The account of %(who)s was switched on.",
    "audit.deactivated": "The account of %(who)s was switched off.",
    "audit.password": "The password of %(who)s was changed.",
    "audit.team_added": "The team “%(name)s” was made.",
    "audit.team_members": "The members of the team “%(team)s” were changed.",
    "audit.team_removed": "The team “%(name)s” was removed.",
    "audit.signin": "Signed in from %(ip)s.",
    "audit.signin_failed": "A sign-in as %(who)s from %(ip)s failed.",
    "audit.signin_failed/unknown": "A sign-in with an unknown address from %(ip)s failed.",
    "audit.token_made": "The API token “%(name)s” was made.",
    "audit.token_revoked": "The API token “%(name)s” was revoked.",
    "audit.channel_added": "The channel “%(name)s” was added.",
    "audit.channel_changed": "The settings of the channel “%(name)s” were changed.",
    "audit.channel_on": "The channel “%(name)s” was switched on.",
    "audit.channel_off": "The channel “%(name)s” was switched off.",
    "audit.import_started": "The import of the call log “%(name)s” was started.",
    "audit.import_stopped": "The import of the call log “%(name)s” was stopped.",
    "audit.receipt_read": "Stored requests were read again: %(n)s.",
    "audit.shop_changed": "The shop is called “%(name)s”, and sending can be undone for %(undo_seconds)s s.",
    "audit.attributes_changed": "The attribute “%(name)s” was defined, changed or removed.",
    "audit.hours_changed": "The business hours were changed.",
    "audit.bot_changed": "Where answers of the bot are rated, and when one counts as a help, was changed.",
    "audit.dispositions_changed": "What can come of a telephone call was changed.",
    "audit.recordings_kept_changed": "How long recordings of calls are kept was changed (days: %(days)s).",
    "audit.help_centre_changed": "The help centre was opened, closed or given another chat.",
    "audit.drafting_changed": "How answers are drafted by a model was changed.",
    "audit.answer_drafted": "A model drafted an answer from FAQ entry no. %(noun_id)s in conversation no. %(number)s.",
    "audit.answer_not_drafted": "A draft from FAQ entry no. %(noun_id)s in conversation no. %(number)s was not used.",
    "audit.purposes_changed": "What messages are for was changed.",
    "audit.customers_exported": "A list of customers was exported as CSV.",
    "audit.filter_shared": "The filter of customers “%(name)s” was shared with everybody, or changed.",
    "audit.reply_added": "The canned reply /%(name)s was added.",
    "audit.reply_changed": "The canned reply /%(name)s was changed.",
    "audit.reply_removed": "The canned reply /%(name)s was removed.",
    "audit.label_added": "The label “%(name)s” was added.",
    "audit.label_changed": "The label “%(before)s” was renamed “%(name)s”.",
    "audit.label_changed/colour": "The label “%(name)s” has another colour.",
    "audit.label_removed": "The label “%(name)s” was removed; it left %(conversations)s conversations.",
    "audit.webhook_added": "The webhook “%(name)s” was added.",
    "audit.webhook_changed": "The webhook “%(name)s” was changed.",
    "audit.webhook_removed": "The webhook “%(name)s” was removed.",
    "audit.webhook_rotated": "The keys of the webhook “%(name)s” were changed.",
    "audit.webhook_on": "The webhook “%(name)s” was switched on.",
    "audit.webhook_off": "The webhook “%(name)s” was switched off.",
    "audit.webhook_stopped": "The webhook “%(name)s” was switched off: for three days nothing got through.",
    "audit.webhook_stopped/gone": "The webhook “%(name)s” was switched off: it answered that it is gone for good.",
    "audit.webhook_resent": "The webhook “%(name)s” was told again of %(count)s events.",
    "label.created": "A bot rule made the label “%(name)s”.",
    "faq_entry.saved": "The FAQ entry “%(title)s” was saved.",
    "faq_entry.removed": "FAQ entry no. %(noun_id)s was deleted.",
    "bot_rule.saved": "The bot rule “%(title)s” was saved.",
    "bot_rule.removed": "Bot rule no. %(noun_id)s was deleted.",
    "bot_flow.saved": "The form “%(title)s” was saved.",
    "bot_flow.removed": "Form no. %(noun_id)s was deleted.",
    "bot_settings.saved": "How sure the bot must be was changed.",
    "bot_words.saved": "The words the bot reads as one were changed.",
    "knowledge.published": "Version %(number)s of what the bot knows was published.",
    "knowledge.published/overruled": "Version %(number)s was published although it does worse than the one before: "
    "%(why)s",
    "knowledge.published/back": "Version %(back_to)s of what the bot knew was brought back, as version %(number)s.",
    "knowledge.manners": "Who may publish what the bot knows was changed.",
    "knowledge.review": "A review of what the bot is to know was asked for.",
    "knowledge.question": "A test question was labelled.",
    "knowledge.question_removed": "A test question was removed.",
    "knowledge.proposal_taken": "A proposed FAQ entry was taken into the draft.",
    "knowledge.proposal_dismissed": "A proposed FAQ entry was dismissed.",
    "knowledge.proposal_reopened": "A proposed FAQ entry is to be proposed again.",
    "knowledge.returned": "What the bot is to know was returned with advice.",
    "assigned": "Assigned to %(to)s.",
    "assigned/nobody": "Given back; nobody has it.",
    "handover": "Handed over from the bot to people.",
    "handover/taken": "Taken over from the bot.",
    "handover/back": "Handed back to the bot.",
    "resolved": "Resolved.",
    "reopened": "Opened again.",
    "snoozed": "Snoozed until %(until)s.",
    "woken": "Woken from its snooze.",
    "labelled": "The label “%(name)s” was put on.",
    "unlabelled": "The label “%(name)s” was taken off.",
    "escalated": "Escalated to the supervisors.",
    "escalation.taken": "The escalation was taken.",
    "escalation.returned": "The escalation was returned with advice.",
    "escalation.resolved": "The escalation was settled.",
    "linked": "Joined with another customer's thread.",
    "linked/named": "%(child)s and %(parent)s were brought together as one customer.",
    "unlinked": "Separated from another customer's thread.",
    "unlinked/named": "%(child)s and %(parent)s were taken apart again.",
    "kept_apart": "Two customers were noted as not the same person.",
    "kept_apart/named": "%(child)s and %(parent)s were noted as not the same person.",
    "identity.moved": "An address was taken out of a customer.",
    "identity.moved/back": "An address that had been taken out was put back.",
    "message.moved": "A message was moved to another customer.",
    "message.moved/back": "A moved message was put back.",
    "message.edited": "A message was changed by its sender.",
    "message.removed": "A message was taken back by its sender.",
    "message.reread": "A message was read again, and shows what it says now.",
    "call.noted": "A telephone call was noted.",
    "delivery.retried": "A failed message was sent again.",
    "rated": "Rated %(score)s of 5.",
    "ended": "The customer ended the conversation; it stays open, as we still owe them an answer.",
    "undelivered": "An answer did not arrive.",
    "customer.changed": "The customer's details were changed.",
    "consent.given": "The customer agrees to messages: %(purposes)s.",
    "consent.withdrawn": "The customer wants no more messages: %(purposes)s.",
    "account_link": "The customer's chat and their account at the shop were linked.",
    "account_link/not": "The customer's chat and their account at the shop were not linked.",
    "continued": "The customer goes on with the chat on another device.",
    "stranger": "Somebody else answered a message of this thread.",
    "visit.noted": "A visit was noted at the counter.",
    "audit.looked_up": "Customer no. %(noun_id)s was looked up at the counter.",
    "task.added": "A task was added: %(text)s",
    "task.changed": "A task was changed: %(text)s",
    "task.finished": "A task was done: %(text)s",
    "task.reopened": "A task was opened again: %(text)s",
    "task.due": "A task fell due: %(text)s",
}
BONDS = ("linked", "unlinked", "kept_apart")
ACTORS = {"bot": "Bot", "customer": "Customer", "system": "System"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the trail. `detail` is what the event carries, as indented JSON; "" for nothing. `bond`: the link
    it tells the making of; `move`: what was taken out, or moved."""

    id: int
    at: datetime
    who: str
    agent_id: int | None
    sentence: str
    conversation_id: int | None
    detail: str
    bond: Bond | None = None
    move: Move | None = None


def lines(db: Session, request: Request, events: Sequence[Event], people: Sequence[Agent]) -> list[Line]:
    """Each event as a line, in their order."""
    known = _Known(
        {one.id: one.name for one in people},
        {one.id: one.name for one in db.scalars(select(Team))},
        _titles(db, events),
        bonds_named(db, [each.data.get("link") for each in events if each.kind in BONDS]),
        moves_named(db, [each.data.get("relocation") for each in events]),
    )
    return [_line(request, event, known) for event in events]


@dataclass(frozen=True, slots=True)
class _Known:
    people: Mapping[int, str]
    teams: Mapping[int, str]
    titles: Mapping[tuple[str, int], str]
    bonds: Mapping[int, Bond]
    moves: Mapping[int, Move]

    def bond(self, event: Event) -> Bond | None:
        number = event.data.get("link")
        return self.bonds.get(number) if isinstance(number, int) else None

    def move(self, event: Event) -> Move | None:
        number = event.data.get("relocation")
        return self.moves.get(number) if isinstance(number, int) else None


def _titles(db: Session, events: Sequence[Event]) -> dict[tuple[str, int], str]:
    """The present titles of the entries and rules that the events are about."""
    about = [(each.kind.split(".")[0], each.data.get("noun_id", 0)) for each in events]
    entries = [id for noun, id in about if noun == "faq_entry"]
    rules = [id for noun, id in about if noun == "bot_rule"]
    found: dict[tuple[str, int], str] = {}
    for entry in db.scalars(select(FaqEntry).where(FaqEntry.id.in_(entries))):
        found[("faq_entry", entry.id)] = entry.title
    for rule in db.scalars(select(BotRule).where(BotRule.id.in_(rules))):
        found[("bot_rule", rule.id)] = rule.name
    flows = [id for noun, id in about if noun == "bot_flow"]
    for flow in db.scalars(select(BotFlow).where(BotFlow.id.in_(flows))):
        found[("bot_flow", flow.id)] = flow.name
    return found


def _line(request: Request, event: Event, known: _Known) -> Line:
    usual = words(request, ACTORS.get(event.actor, "System"))
    bond = known.bond(event)
    msgid = SENTENCES.get(event.kind + "/named" if bond else _variant(event))
    values = _values(request, event, known) | (_both(request, bond) if bond else {})
    return Line(
        id=event.id,
        at=event.at,
        who=known.people.get(event.agent_id or 0, usual),
        agent_id=event.agent_id,
        sentence=words(request, msgid, **values) if msgid else event.kind,
        conversation_id=event.conversation_id,
        detail=json.dumps(event.data, ensure_ascii=False, indent=2, sort_keys=True) if event.data else "",
        bond=bond if event.kind == "linked" else None,
        move=known.move(event),
    )


def _both(request: Request, bond: Bond) -> dict[str, object]:
    two = {"child": bond.child, "parent": bond.parent}
    return {key: one.name or words(request, "Visitor %(n)s", n=one.id) for key, one in two.items()}


def _variant(event: Event) -> str:
    data = event.data
    variants = {
        "audit.signin_failed": "" if data.get("agent_id") else "/unknown",
        "audit.label_changed": "/colour" if data.get("before") == data.get("name") else "",
        "audit.webhook_stopped": "/gone" if data.get("reason") == "gone" else "",
        "identity.moved": "/back" if data.get("undone") else "",
        "message.moved": "/back" if data.get("undone") else "",
        "account_link": "" if data.get("outcome") == "linked" else "/not",
        "knowledge.published": "/back"
        if data.get("back_to")
        else "/overruled"
        if data.get("overruled")
        else "",
        "assigned": "" if data.get("assignee") or data.get("team") else "/nobody",
        "handover": "/back" if data.get("to") == "bot" else "/taken" if event.agent_id else "",
    }
    return event.kind + variants.get(event.kind, "")


def _values(request: Request, event: Event, known: _Known) -> dict[str, object]:
    """Everything any of the sentences may name. What an old event lacks is a question mark, never a failure."""
    data = event.data
    noun = event.kind.split(".")[0]
    number = data.get("noun_id", 0)
    named = (
        "name",
        "count",
        "ip",
        "undo_seconds",
        "conversations",
        "noun_id",
        "score",
        "text",
        "number",
        "back_to",
        "why",
        "days",
    )
    return {
        **{key: data.get(key, "?") for key in named},
        "who": known.people.get(data.get("agent_id") or 0, "?"),
        "team": known.teams.get(data.get("team_id") or 0, "?"),
        "to": known.people.get(data.get("assignee") or 0) or known.teams.get(data.get("team") or 0, "?"),
        "title": known.titles.get((noun, number), f"#{number}"),
        "n": len(data.get("receipts", ())),
        "purposes": ", ".join(key or "*" for key in data.get("purposes", ())),
        "until": _moment(request, data.get("until")),
        **{key: words(request, str(data.get(key, "?")).capitalize()) for key in ("role", "before", "after")},
        **({"before": data["before"]} if event.kind == "audit.label_changed" and "before" in data else {}),
    }


def _moment(request: Request, written: Any) -> str:
    viewer = request.state.viewer
    try:
        return exact(datetime.fromisoformat(str(written)), viewer.locale, zone_of(viewer))
    except (ValueError, TypeError):
        return "?"
