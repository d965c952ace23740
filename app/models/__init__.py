"""The tables, one noun a file. Importing this package registers all of them on ``Base.metadata``."""

from app.db import Base
from app.models.account_link import AccountLink
from app.models.afterwards import MailAfter
from app.models.agent import Agent
from app.models.attachment import Attachment, RemoteFile
from app.models.call import Call
from app.models.call_import import CallImport
from app.models.canned import CannedReply
from app.models.case import Case
from app.models.channel import Channel
from app.models.consent import Consent
from app.models.conversation import Conversation
from app.models.customer import Avatar, Customer, CustomerLink, Identity
from app.models.customer_filter import CustomerFilter
from app.models.decision import Decision
from app.models.delivery import Delivery, DeliveryRef
from app.models.escalation import Escalation
from app.models.event import Event, FeedEnd
from app.models.faq import (
    BotRule,
    EntryImage,
    FaqEntry,
    FaqSource,
    HelpVotes,
    KnowledgeRun,
    KnowledgeVersion,
    LabelledQuestion,
    PublishedItem,
    Revision,
)
from app.models.flow import BotCall, BotFlow
from app.models.label import ConversationLabel, Label
from app.models.mail import Collector, MessageRef, MessageSource, Participant
from app.models.message import Message
from app.models.pause import BotPause
from app.models.proposal import Proposal
from app.models.rating import AnswerCorrection, AnswerRating
from app.models.reaction import EarlyReaction, Reaction
from app.models.receipt import RawReceipt
from app.models.relocation import Relocation
from app.models.setting import Setting
from app.models.signin import Signin
from app.models.task import Task
from app.models.team import Team, TeamMember
from app.models.token import ApiToken, KeptAnswer
from app.models.touchpoint import AwaitedTouchpoint, ShopAnswer, Spending, Tally, Touchpoint
from app.models.visitor import ResumeClaim, ResumeCode, ResumeInvitation, Visitor
from app.models.webhook import Webhook, WebhookDelivery
from app.models.working import Draft, ReadMark, ReplyLock

__all__ = [
    "AccountLink",
    "Agent",
    "AnswerCorrection",
    "AnswerRating",
    "ApiToken",
    "Attachment",
    "Avatar",
    "AwaitedTouchpoint",
    "Base",
    "BotCall",
    "BotFlow",
    "BotPause",
    "BotRule",
    "Call",
    "CallImport",
    "CannedReply",
    "Case",
    "Channel",
    "Collector",
    "Consent",
    "Conversation",
    "ConversationLabel",
    "Customer",
    "CustomerFilter",
    "CustomerLink",
    "Decision",
    "Delivery",
    "DeliveryRef",
    "Draft",
    "EarlyReaction",
    "EntryImage",
    "Escalation",
    "Event",
    "FaqEntry",
    "FaqSource",
    "FeedEnd",
    "HelpVotes",
    "Identity",
    "KeptAnswer",
    "KnowledgeRun",
    "KnowledgeVersion",
    "Label",
    "LabelledQuestion",
    "MailAfter",
    "Message",
    "MessageRef",
    "MessageSource",
    "Participant",
    "Proposal",
    "PublishedItem",
    "RawReceipt",
    "Reaction",
    "ReadMark",
    "Relocation",
    "RemoteFile",
    "ReplyLock",
    "ResumeClaim",
    "ResumeCode",
    "ResumeInvitation",
    "Revision",
    "Setting",
    "ShopAnswer",
    "Signin",
    "Spending",
    "Tally",
    "Task",
    "Team",
    "TeamMember",
    "Touchpoint",
    "Visitor",
    "Webhook",
    "WebhookDelivery",
]
