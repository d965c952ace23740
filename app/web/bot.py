"""Asking the bot without anybody hearing it, and keeping its book ready in this process."""

import asyncio

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

import bots
from app import answers
from app.realtime import Change, Hub

_preparing: set[asyncio.Task[None]] = set()


def try_out(db: Session, words: str, language: str | None, draft: bots.Entry | None = None) -> bots.Decision:
    """What the bot of the present version would say to these words; ``draft`` stands in for its entry."""
    book = answers.book(db)
    if draft is not None:
        others = tuple(entry for entry in book.entries if entry.id != draft.id)
        book = bots.Book((*others, draft), book.rules, book.settings, book.version)
    return bots.decide(bots.Question(words, language, 0, ()), book)


def listen(hub: Hub) -> None:
    """Build the book when the process starts and after each edit, before a customer's message would have to wait
    for it (thousands of questions take a second)."""
    hub.on_change.append(_renew)
    _prepare()


async def _renew(_hub: Hub, change: Change) -> None:
    if change.kind.partition(".")[0] in ("faq_entry", "bot_rule"):
        _prepare()


def _prepare() -> None:
    task = asyncio.create_task(run_in_threadpool(answers.prepare))
    _preparing.add(task)  # a task nobody holds may be collected before it is done
    task.add_done_callback(_preparing.discard)
