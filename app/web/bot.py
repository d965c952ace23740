"""Asking the bot without anybody hearing it, and keeping its book ready in this process."""

import asyncio

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

import bots
from app.bot import answers
from app.realtime import Change, Hub

_preparing: set[asyncio.Task[None]] = set()


def try_out(
    db: Session, words: str, language: str | None, situation: bots.Situation | None = None
) -> bots.Decision:
    """What the bot of the published version would say to these words, there."""
    return bots.decide(_question(words, language, situation), answers.book(db))


def try_draft(
    db: Session,
    words: str,
    language: str | None,
    typed: bots.Entry | None = None,
    situation: bots.Situation | None = None,
) -> bots.Decision:
    """What the bot would say there if the draft were published; ``typed`` stands in for its entry."""
    book = answers.draft_book(db)
    if typed is not None:
        entries = [typed if entry.id == typed.id else entry for entry in book.entries]
        entries += [] if typed in entries else [typed]
        book = bots.Book(
            entries,
            book.rules,
            book.settings,
            book.version,
            book.lexicon,
            book.flows,
            before=[book],
            embedder=book.embedder,
            quick=True,
        )
    return bots.decide(_question(words, language, situation), book)


def _question(words: str, language: str | None, situation: bots.Situation | None) -> bots.Question:
    return bots.Question(words, language, situation=situation or bots.Situation())


def listen(hub: Hub) -> None:
    """Build the book when the process starts and when a version is published, before a customer's message would have
    to wait for it (thousands of questions take a second)."""
    hub.on_change.append(_renew)
    _prepare()


async def _renew(_hub: Hub, change: Change) -> None:
    if change.kind == "knowledge.published":
        _prepare()


def _prepare() -> None:
    task = asyncio.create_task(run_in_threadpool(answers.prepare))
    _preparing.add(task)  # a task nobody holds may be collected before it is done
    task.add_done_callback(_preparing.discard)
