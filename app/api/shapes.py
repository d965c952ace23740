"""What the API says of the core's things: conversation, message, case, event, escalation, and the people around
them."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from app.api.kinds import Shape, Time
from app.models import (
    Agent,
    Attachment,
    Call,
    Case,
    Channel,
    Customer,
    Delivery,
    Escalation,
    Event,
    Identity,
    Label,
    Message,
    Reaction,
    Task,
    Team,
)

Status = Literal["open", "snoozed", "resolved"]
Owner = Literal["bot", "human"]
Proof = Literal["claimed", "device", "code", "signed"]
Role = Literal["agent", "supervisor", "admin", "store"]
CallResult = Literal[
    "answered", "missed", "abandoned", "busy", "failed", "voicemail", "after_hours", "transferred"
]
TaskKind = Literal["call", "tell", "promise", "other"]
T = TypeVar("T", bound=Shape)
PROOFS: tuple[Proof, ...] = ("claimed", "device", "code", "signed")


class LabelShape(Shape):
    """A label; `hue` is its colour as an angle, 0 to 359."""

    id: int
    name: str
    hue: int


class AgentShape(Shape):
    """Somebody who works here. `email` is told to admins only. `store_id`: the store (a channel) of shop staff."""

    id: int
    name: str
    role: Role
    active: bool
    email: str | None = None
    store_id: int | None = None


class TeamShape(Shape):
    """A team and the ids of its members. A conversation given to a team is visible to its members only."""

    id: int
    name: str
    member_ids: list[int]


class ChannelShape(Shape):
    """A configured account. `key` is its public name in addresses; secrets are never told. `bot_pause`: seconds the
    bot waits for what else is written, where the words alone are not clear."""

    id: int
    kind: str
    name: str
    key: str
    enabled: bool
    bot_enabled: bool
    bot_pause: int
    created_at: Time


class IdentityShape(Shape):
    """One address of a customer, and how well it is proved to be theirs. `unreachable`: why nothing arrives there any
    more, "" where it does."""

    id: int
    customer_id: int
    kind: str
    scope: str
    address: str
    display: str
    proof: Proof
    unreachable: str
    created_at: Time


class CustomerShape(Shape):
    """A person. `attributes` maps a name to {"value", "proved", "at"}. `conversation_id` is the thread they are
    shown in."""

    id: int
    name: str
    name_kana: str
    locale: str
    note: str
    attributes: dict[str, Any]
    conversation_id: int | None
    created_at: Time


class ConversationShape(Shape):
    """The one thread of a customer, with what its row in the inbox shows.

    `unread` counts the customer's messages that the token's agent has not read. `owner_epoch` grows at each
    handover between bot and people. `updated_at` is the time of the last event.
    """

    id: int
    customer_id: int
    customer_name: str
    status: Status
    owner: Owner
    owner_epoch: int
    assignee_id: int | None
    team_id: int | None
    channel_id: int | None
    labels: list[LabelShape]
    escalated: bool
    unread: int
    preview: str
    locale: str
    snoozed_until: Time | None
    waiting_since: Time | None
    last_message_at: Time | None
    last_message_id: int | None
    last_event_id: int
    created_at: Time
    updated_at: Time


class AttachmentShape(Shape):
    """A file of a message. `url` is where its bytes are, under the same access as the message."""

    id: int
    name: str
    content_type: str
    size: int
    width: int | None
    height: int | None
    url: str


class DeliveryShape(Shape):
    """What became of the sending of a message; `error` is a sentence, `purpose` what it is for."""

    state: Literal["queued", "sending", "sent", "delivered", "read", "failed", "unknown"]
    attempts: int
    error: str
    purpose: str
    updated_at: Time


class LinkShape(Shape):
    """A link that goes with a message."""

    label: str
    url: str


class ReactionShape(Shape):
    """An emoji that somebody put on a message."""

    emoji: str
    identity_id: int
    at: Time


class MessageShape(Shape):
    """One entry of the thread. `conversation_id` is the conversation it belongs to, which may be shown in another
    one while their customers are linked.

    `kind`: inbound, outbound, note, call, store or system; of a system line `context` says what it is about. Of a
    mail it says who else got it (`others`), and its `sort` where it is no ordinary one: auto-reply, list, spam.
    """

    id: int
    conversation_id: int
    case_id: int | None
    kind: Literal["inbound", "outbound", "note", "system", "call", "store"]
    author: Literal["customer", "agent", "bot", "system"]
    agent_id: int | None
    identity_id: int | None
    channel_id: int | None
    external_id: str | None
    client_id: str | None
    subject: str
    text: str
    quick_replies: list[str]
    links: list[LinkShape]
    context: dict[str, Any]
    reactions: list[ReactionShape]
    attachments: list[AttachmentShape]
    delivery: DeliveryShape | None
    sent_at: Time
    created_at: Time
    edited_at: Time | None
    removed_at: Time | None


class CaseShape(Shape):
    """One matter inside a conversation, opened → resolved."""

    id: int
    number: int | None
    conversation_id: int
    subject: str
    status: Status
    opened_at: Time
    first_response_at: Time | None
    resolved_at: Time | None
    resolved_by: int | None
    reopened: int
    rating: int | None
    rating_comment: str
    rated_at: Time | None


class EscalationShape(Shape):
    """A case put before the supervisors. `finding` is the advice it was returned with, or what was found."""

    id: int
    conversation_id: int
    case_id: int
    type: str
    reason: str
    raised_by: str
    agent_id: int | None
    raised_at: Time
    due_at: Time
    state: Literal["open", "taken", "returned", "resolved"]
    taken_by: int | None
    taken_at: Time | None
    closed_at: Time | None
    finding: str


class TaskShape(Shape):
    """Something to be done for a customer by `due_at`: to call back, to tell them `words` on `channel_id`, a promise.

    It is an agent's, a team's, or a store's (the channel of that). `message_id`: what it came from.
    """

    id: int
    conversation_id: int
    message_id: int | None
    kind: TaskKind
    text: str
    words: str
    channel_id: int | None
    due_at: Time
    assignee_id: int | None
    team_id: int | None
    store_id: int | None
    created_by: int | None
    created_at: Time
    done_at: Time | None
    done_by: int | None


class CallShape(Shape):
    """A telephone call, told of by a system or noted by hand; `message_id` is its entry, `text` its words, `summary`
    and `transcript` what the system made of what was said.

    `number` is as it was told, "" where it was withheld. `agent_id` took it, `noted_by` wrote the note.
    """

    id: int
    conversation_id: int
    message_id: int
    channel_id: int | None
    external_id: str | None
    direction: Literal["in", "out"]
    number: str
    withheld: str
    state: Literal["ringing", "answered", "ended"]
    result: Literal["", CallResult]
    line: str
    queue: str
    agent: str
    agent_id: int | None
    started_at: Time | None
    answered_at: Time | None
    ended_at: Time | None
    ring_seconds: int | None
    talk_seconds: int | None
    hold_seconds: int | None
    wrap_seconds: int | None
    transferred_to: str
    disposition: str
    category: str
    text: str
    summary: str
    transcript: str
    recording_url: str
    callback_due: Time | None
    noted_by: int | None
    noted_at: Time | None


class EventShape(Shape):
    """One change. `previous_id` is the event before it in the same conversation (0: none), so a gap shows."""

    id: int
    kind: str
    at: Time
    actor: str
    agent_id: int | None
    conversation_id: int | None
    message_id: int | None
    previous_id: int
    data: dict[str, Any]


def label(row: Label) -> LabelShape:
    return LabelShape(id=row.id, name=row.name, hue=row.hue)


def agent(row: Agent, *, for_admin: bool = False) -> AgentShape:
    """`for_admin`: with the address to sign in with."""
    return same(AgentShape, row, email=row.email if for_admin else None)


def team(row: Team, member_ids: list[int]) -> TeamShape:
    return TeamShape(id=row.id, name=row.name, member_ids=sorted(member_ids))


def channel(row: Channel) -> ChannelShape:
    return same(ChannelShape, row)


def identity(row: Identity) -> IdentityShape:
    return same(IdentityShape, row, proof=PROOFS[row.proof])


def customer(row: Customer, conversation_id: int | None) -> CustomerShape:
    """`conversation_id`: the head of their thread."""
    return same(CustomerShape, row, conversation_id=conversation_id)


def attachment(row: Attachment) -> AttachmentShape:
    return same(AttachmentShape, row, url=f"/api/v1/attachments/{row.id}/content")


def reaction(row: Reaction) -> ReactionShape:
    return same(ReactionShape, row)


def delivery(row: Delivery) -> DeliveryShape:
    return same(DeliveryShape, row)


def case(row: Case) -> CaseShape:
    return same(CaseShape, row)


def escalation(row: Escalation) -> EscalationShape:
    return same(EscalationShape, row)


def task(row: Task) -> TaskShape:
    return same(TaskShape, row)


def call(row: Call, message: Message, conversation_id: int) -> CallShape:
    return same(CallShape, row, conversation_id=conversation_id, text=message.text)


def event(row: Event) -> EventShape:
    return same(EventShape, row, previous_id=row.prev_id)


def same(shape: type[T], row: Any, **other: Any) -> T:
    """A shape whose fields are called as the row's, but for the `other` ones."""
    return shape(
        **{name: other[name] if name in other else getattr(row, name) for name in shape.__struct_fields__}
    )
