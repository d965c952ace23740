"""A channel is drained: what is due is claimed, sent outside any transaction, and its outcome written down."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import suppress
from contextvars import copy_context

from sqlalchemy.exc import SQLAlchemyError

from app import connect, jobs
from app.db import reading
from app.deliver import claiming
from app.deliver.claiming import Claimed
from app.deliver.outcomes import Outcome, finish
from app.models import Channel
from channels import base

log = logging.getLogger(__name__)
ABREAST = 32  # on their way at a time, in one worker; a provider far away answers after a quarter second
TURN = 2.0  # seconds a channel has the worker to itself while others wait
LONGEST_TURN = 120.0  # seconds, whoever waits; RQ ends a job after 300 in the middle of whatever it does
LAPSED = "An earlier attempt may have arrived, and the platform no longer knows which it was."

_Flying = dict[Future[Outcome], Claimed]


def drain(channel_id: int) -> int:
    """Send what is due on a channel; returns how many were sent or tried.

    Told to stop, it claims no more and sees through what is on its way; the clock rings for the rest, as it does for
    what has to wait because the provider takes only so many a second. So it does when its turn is over; then it rings
    itself, behind the other channels.
    """
    jobs.woken(channel_id)
    flying, kept = _Flying(), _Kept()
    with ThreadPoolExecutor(ABREAST, thread_name_prefix="deliver") as pool:
        try:
            return _drain(channel_id, pool, flying, kept)
        except Exception:  # the database refused more work, or RQ thinks it takes too long
            _see_through(flying, kept)
            raise


def _drain(channel_id: int, pool: ThreadPoolExecutor, flying: _Flying, kept: _Kept) -> int:
    tried, most, turn = 0, _a_second(channel_id), _Turn()
    while True:
        claims = {} if turn.over() else claiming.take(channel_id, ABREAST - len(flying), most)
        made = claiming.prepared(channel_id, claims) if claims else []
        tried += len(claims)
        flying |= {pool.submit(copy_context().run, _send, one): one for one in made}
        if flying:
            done, _ = wait_for(flying, timeout=kept.every, return_when=FIRST_COMPLETED)
            if done:
                finish([(flying.pop(one), one.result()) for one in done])
            kept.keep(flying.values())
        elif not claims:
            turn.pass_on(channel_id)
            return tried


def _see_through(flying: _Flying, kept: _Kept) -> None:
    """No more is sent: what the provider says of what is on its way is written down all the same."""
    while wait_for(flying, timeout=kept.every).not_done:
        kept.keep(flying.values())
    if flying:
        finish([(claimed, one.result()) for one, claimed in flying.items()])


class _Turn:
    """How long a channel has the worker: others are not to wait for a long queue, and RQ is not to end the job."""

    def __init__(self) -> None:
        self.began = self.asked = time.monotonic()
        self.ended = False

    def over(self) -> bool:
        """Whether no more is to be claimed."""
        at = time.monotonic()
        if at - self.asked >= TURN:
            self.asked = at
            self.ended = self.ended or at - self.began >= LONGEST_TURN or jobs.others_wait()
        return self.ended or jobs.stopping.is_set()

    def pass_on(self, channel_id: int) -> None:
        """Ring for what is left, if it was ended."""
        if self.ended:
            with suppress(jobs.Away):  # then the clock does it
                jobs.wake_channel(channel_id)


class _Kept:
    """The claims on what is on its way, renewed while this worker lives: however long a provider takes."""

    def __init__(self) -> None:
        self.every = claiming.STALE.total_seconds() / 4
        self.last = time.monotonic()

    def keep(self, flying: Iterable[Claimed]) -> None:
        """Renew them, if it is time. Where the database is away, the next time does."""
        if time.monotonic() - self.last < self.every:
            return
        self.last = time.monotonic()
        with suppress(SQLAlchemyError):
            claiming.keep({one.id: one.claim for one in flying})


def _a_second(channel_id: int) -> int | None:
    """How many the provider takes in a second, if it says."""
    with reading() as db:
        return connect.features(db.get_one(Channel, channel_id)).per_second


def _send(claimed: Claimed) -> Outcome:
    """One provider call, outside any transaction. What a connector raises against its contract is ambiguous."""
    if claimed.lapsed:
        return base.ChannelError(LAPSED, permanent=True, ambiguous=True)
    try:
        return claimed.connector.send(claimed.outbound)
    except base.ChannelError as error:
        return error
    except Exception as error:
        log.exception("%s broke its contract while sending", claimed.connector.kind)
        return base.ChannelError(f"The connector failed: {type(error).__name__}.", ambiguous=True)
