"""What the bot knows: FAQ entries and rules as they are edited, every edit of them, and what was published."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, BigInt
from app.models.columns import Array, At, Body, Id, Line, Made, Object, Ref, Word


class FaqEntry(Base):
    __tablename__ = "faq_entry"

    id: Mapped[Id]
    title: Mapped[Line]
    language: Mapped[Word] = mapped_column(default="ja")
    questions: Mapped[Array]  # the ways it is asked
    answer: Mapped[Body]
    links: Mapped[Array]  # [{"label": …, "url": …}]
    quick_replies: Mapped[Array]
    tags: Mapped[Array]
    enabled: Mapped[bool] = mapped_column(default=True)
    valid_from: Mapped[Word] = mapped_column(default="")  # "2026-12-01": a day of the shop; "": always
    valid_until: Mapped[Word] = mapped_column(default="")  # the last day it holds
    kinds: Mapped[Array]  # of channels it is for; with `channels` empty: for all
    channels: Mapped[Array]  # their keys
    signed_in: Mapped[bool] = mapped_column(default=False)  # only for customers who have proved who they are
    follow_ups: Mapped[Array]  # ids of entries offered below the answer
    translation_of: Mapped[Ref | None]  # the entry that says the same in the other language
    listed: Mapped[bool] = mapped_column(default=True)  # in the help centre
    flow_id: Mapped[Ref | None]  # of a BotFlow: the form that the answer leads to
    image_id: Mapped[Ref | None]  # of an EntryImage
    image_text: Mapped[Line] = mapped_column(default="")  # what it shows, for who does not see it
    source_id: Mapped[Ref | None] = mapped_column(index=True)
    source_key: Mapped[Word | None]  # which item of the source it was read from
    updated_at: Mapped[Made]


class EntryImage(Base):
    """A file that was put below an answer. It stays: what was published once may be brought back."""

    __tablename__ = "entry_image"

    attachment_id: Mapped[Ref] = mapped_column(ForeignKey("attachment.id"), primary_key=True)
    at: Mapped[Made]


class HelpVotes(Base):
    """What readers of the help centre said of an entry on a day of the shop: no reader is kept."""

    __tablename__ = "help_votes"

    entry_id: Mapped[Ref] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[Word] = mapped_column(primary_key=True)  # "2026-12-01"
    helped: Mapped[int] = mapped_column(default=0)
    not_helped: Mapped[int] = mapped_column(default=0)


class FaqSource(Base):
    """A page or file that entries were read from; `items` as they stood there last."""

    __tablename__ = "faq_source"

    id: Mapped[Id]
    name: Mapped[Line]  # its address, or what the file is called; "" of what was pasted
    by_address: Mapped[bool] = mapped_column(default=False)
    items: Mapped[Array]
    read_at: Mapped[Made]
    agent_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))


class BotRule(Base):
    __tablename__ = "bot_rule"

    id: Mapped[Id]
    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[Line]
    language: Mapped[Word] = mapped_column(default="")
    keywords: Mapped[Array]
    pattern: Mapped[Body] = mapped_column(default="")
    action: Mapped[Word]
    params: Mapped[Object]
    enabled: Mapped[bool] = mapped_column(default=True)
    updated_at: Mapped[Made]


class Revision(Base):
    """One edit of the draft: the row as it was after it (``data`` empty: removed)."""

    __tablename__ = "revision"
    __table_args__ = (Index("ix_revision_noun", "noun", "noun_id", "id"),)

    id: Mapped[Id]
    noun: Mapped[Word]  # faq_entry, bot_rule, bot_settings, bot_words
    noun_id: Mapped[Ref]
    data: Mapped[Object]
    at: Mapped[Made]
    agent_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))


class KnowledgeVersion(Base):
    """What was published: when, by whom and why. The bot answers from the highest number."""

    __tablename__ = "knowledge_version"

    number: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    at: Mapped[Made]
    agent_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    reason: Mapped[Body] = mapped_column(default="")
    back_to: Mapped[Ref | None]  # the version whose content it brought back
    counts: Mapped[Object]  # {"added": …, "changed": …, "removed": …}
    figures: Mapped[Object]  # of the evaluation it was published with; empty: of none
    overruled: Mapped[Body] = mapped_column(default="")  # why it was published although it was worse


class PublishedItem(Base):
    """An entry, rule or the settings as they were from version ``since`` on, up to before version ``until``."""

    __tablename__ = "published_item"
    __table_args__ = (
        UniqueConstraint("noun", "noun_id", "since"),
        Index("ix_published_item_until", "until"),
    )

    id: Mapped[Id]
    noun: Mapped[Word]
    noun_id: Mapped[Ref]
    data: Mapped[Object]
    since: Mapped[Ref]
    until: Mapped[Ref | None]


class LabelledQuestion(Base):
    """A question with the entry that answers it (None: none does): what the bot is measured with."""

    __tablename__ = "labelled_question"

    id: Mapped[Id]
    key: Mapped[Word] = mapped_column(unique=True)  # of its folded words: a question is labelled once
    text: Mapped[Body]
    language: Mapped[Word]
    entry_id: Mapped[Ref | None] = mapped_column(index=True)  # stays when the entry is deleted
    origin: Mapped[Word]  # written, imported, thread, tried, replay
    at: Mapped[Made]
    agent_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))


class KnowledgeRun(Base):
    """The draft beside what is published, over many questions: an evaluation or a replay. Done by a worker."""

    __tablename__ = "knowledge_run"
    __table_args__ = (Index("ix_knowledge_run_kind", "kind", "id"),)

    id: Mapped[Id]
    kind: Mapped[Word]  # evaluation, replay, proposals
    state: Mapped[Word] = mapped_column(default="waiting", index=True)  # waiting, running, done, failed
    at: Mapped[Made]
    agent_id: Mapped[Ref | None] = mapped_column(ForeignKey("agent.id"))
    beat_at: Mapped[At | None]  # when the worker last wrote how far it is
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    draft: Mapped[Word] = mapped_column(default="")  # fingerprint of what was compared
    version: Mapped[Ref] = mapped_column(default=0)
    wanted: Mapped[Object]
    result: Mapped[Object]
    verdicts: Mapped[Object]  # what people said of rows of the result: {place: …}
