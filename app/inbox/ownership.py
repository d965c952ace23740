"""Who speaks: the bot or a person, and which person. Each handover raises the epoch."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.events import record
from app.inbox.current import current_case
from app.inbox.holding import Refused, hold
from app.inbox.lines import line
from app.inbox.outcomes import of_no_more_help, turns
from app.inbox.reading import look_first
from app.models import Agent, Conversation, Team
from app.models.conversation import BOT, HUMAN


def take_over(db: Session, agent: Agent, conversation: Conversation, *, epoch: int | None = None) -> None:
    """`agent` answers from now on; the bot is silent until it is handed the thread back. `epoch` is the `owner_epoch`
    it was decided at. Raises :class:`Refused` where somebody else took the thread, or the bot was given it, since
    then."""
    head = hold(db, conversation)
    if head.owner == HUMAN and head.assignee_id == agent.id:
        return
    if head.owner == HUMAN:
        if epoch is not None and head.assignee_id is not None:  # the button is drawn on nobody's threads only
            raise Refused("Somebody has taken the conversation over meanwhile.", status=409)
        return assign(db, agent, head, agent)
    if epoch not in (None, head.owner_epoch):
        raise Refused("The conversation was handed back to the bot meanwhile.", status=409)
    become_human(db, head, agent)


def become_human(db: Session, head: Conversation, agent: Agent) -> None:
    """The owner becomes `agent` if it was the bot; an unassigned thread becomes theirs. `head` is held."""
    if head.owner == HUMAN:
        if head.assignee_id is None:
            head.assignee_id = agent.id
            record(db, "assigned", head, agent=agent, assignee=agent.id)
        return
    told = _from_bot(db, head)
    head.assignee_id = head.assignee_id or agent.id
    said = line(db, head, "taken_over", agent=agent, **told)
    record(db, "handover", head, agent=agent, message=said, to=HUMAN, epoch=head.owner_epoch)


def hand_over(db: Session, conversation: Conversation, reason: str, *, actor: str = "bot") -> bool:
    """The bot steps back and a person is awaited; False if a person has the thread already."""
    head = hold(db, conversation)
    if head.owner == HUMAN:
        return False
    told = _from_bot(db, head)
    head.bot_misses, head.bot_asked = 0, []
    said = line(db, head, "handed_over", reason=reason, **told)
    head.waiting_since = head.waiting_since or said.sent_at
    record(db, "handover", head, actor=actor, message=said, to=HUMAN, reason=reason, epoch=head.owner_epoch)
    return True


def hand_back(
    db: Session,
    agent: Agent,
    conversation: Conversation,
    *,
    epoch: int | None = None,
    seen: int | None = None,
) -> None:
    """Give the thread back to the bot. `epoch` is the `owner_epoch` it was decided at: a request that a frozen process
    carries out late must not bring the bot back to who took over since. `seen` is the newest event that was seen: the
    bot answers nothing that was said before it has the thread. Raises :class:`Refused` then, and where nothing is
    open."""
    head = hold(db, conversation)
    if current_case(db, head) is None:
        raise Refused("There is no open case to hand back.", status=409)
    if head.owner == BOT:
        return
    if epoch not in (None, head.owner_epoch):
        raise Refused("Somebody has taken the conversation over meanwhile.", status=409)
    look_first(db, head, seen)
    head.owner, head.owner_epoch = BOT, head.owner_epoch + 1
    head.assignee_id = None
    head.waiting_since = None
    head.bot_misses, head.bot_asked, head.bot_flow = 0, [], {}
    said = line(db, head, "handed_back", agent=agent)
    record(db, "handover", head, agent=agent, message=said, to=BOT, epoch=head.owner_epoch)


def give_to_team(db: Session, conversation: Conversation, team: Team) -> None:
    """The bot hands a thread to people of this team: it stands in their list."""
    head = hold(db, conversation)
    if head.team_id == team.id:
        return
    head.team_id = team.id
    said = line(db, head, "assigned", assignee=None, name="", team=team.name)
    record(db, "assigned", head, actor="bot", message=said, assignee=None, team=team.id)


def assign(
    db: Session,
    agent: Agent,
    conversation: Conversation,
    assignee: Agent | None,
    team: Team | None = None,
    *,
    keep_team: bool = True,
    was: int | None = None,
) -> None:
    """Give the thread to `assignee` (None: to nobody). The team changes only with `keep_team` false. `was` is whose it
    was when that was decided (an agent's id, 0 for nobody's): a request that comes late takes it from no colleague.

    Raises :class:`Refused` then, and when the assignee cannot sign in any more, or serves no conversations.
    """
    head = hold(db, conversation)
    if was is not None and head.assignee_id not in (None, agent.id, was, assignee and assignee.id):
        raise Refused("Somebody has taken the conversation over meanwhile.", status=409)
    if assignee is not None and not assignee.active:
        raise Refused(
            "%(name)s cannot be assigned: the account is switched off.", field="agent_id", name=assignee.name
        )
    if assignee is not None and not assignee.serves:
        raise Refused(
            "%(name)s works at a counter and sees no conversations.", field="agent_id", name=assignee.name
        )
    team_id = head.team_id if keep_team else team.id if team else None
    assignee_id = assignee.id if assignee else None
    if (head.assignee_id, head.team_id) == (assignee_id, team_id):
        return
    head.assignee_id, head.team_id = assignee_id, team_id
    told: dict[str, Any] = {}
    if head.owner == BOT and assignee is not None:
        told = _from_bot(db, head)
    name, team_name = assignee.name if assignee else "", team.name if team else ""
    said = line(db, head, "assigned", agent=agent, assignee=assignee_id, name=name, team=team_name, **told)
    record(db, "assigned", head, agent=agent, message=said, assignee=assignee_id, team=team_id)


def _from_bot(db: Session, head: Conversation) -> dict[str, Any]:
    """A person has it from now on; what the line of that tells of what the bot did."""
    of_no_more_help(db, head)
    decided = turns(db, head)
    head.owner, head.owner_epoch = HUMAN, head.owner_epoch + 1
    head.bot_flow = {}
    return {"decisions": decided} if decided else {}
