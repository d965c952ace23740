"""The promises, recounted: what the clients were told against the database and against what the other side received.

How "once" is judged where a sending was ambiguous: on a channel with idempotency keys a key may come again as often
as the delivery was put back into the line (its try was not confirmed, or its claim had lapsed), and no oftener; what
the receiver keeps by key is one message. On a channel without, a key comes at most once, whatever happens: what may
have arrived is marked `unknown` instead.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

from sqlalchemy.orm import Session

from app.bench.faults.books import Books, Verdict, verdict
from app.bench.faults.ledger import CUSTOMER, HAND_BACK, NOTE, REPLY, TAKE_OVER, Ledger
from app.bench.faults.providers import Posted
from app.models import Delivery, Message
from app.models.conversation import BOT, HUMAN
from app.models.delivery import FAILED, QUEUED, SENDING, SENT, UNKNOWN


def judge(db: Session, ledger: Ledger, posted: Sequence[Posted]) -> list[Verdict]:
    """Every invariant that the rows, the ledger and the receivers can tell of."""
    books = Books(db)
    return [
        _lost(books, ledger),
        _doubled(books, ledger),
        _refused(books, ledger),
        _order(books, ledger),
        _received(books, posted),
        _twice_received(books, posted),
        _arrival(books, posted),
        left_behind(books),
        _bot(books),
        _bot_promised(books, ledger),
        _surprises(ledger),
    ]


def _lost(books: Books, ledger: Ledger) -> Verdict:
    acked = [one for one in ledger.of(CUSTOMER, REPLY, NOTE) if one.acked]
    wrong = [
        f"{one.who}: “{one.text}” was acknowledged and is not there" for one in acked if not books.of(one)
    ]
    for one in acked:
        for row in books.of(one):
            if one.message and row.id != one.message:
                wrong.append(f"{one.who} was told that “{one.text}” is message {one.message}, it is {row.id}")
    return verdict("lost: nothing acknowledged is lost", len(acked), wrong)


def _doubled(books: Books, ledger: Ledger) -> Verdict:
    said = ledger.of(CUSTOMER, REPLY, NOTE)
    wrong = [
        f"{one.who}: “{one.text}”, said once in {one.tries} tries, is there {len(rows)} times"
        for one in said
        if len(rows := books.of(one)) > 1
    ]
    questions = Counter(one.reply_id for one in books.decisions.values() if one.reply_id)
    wrong += [f"bot message {id} answers {n} questions" for id, n in questions.items() if n > 1]
    people = Counter(one.customer_id for one in books.conversations.values())
    wrong += [f"customer {id} has {n} conversations" for id, n in people.items() if n > 1]
    threads: dict[str, set[int]] = defaultdict(set)
    for one in ledger.of(CUSTOMER):
        threads[one.who] |= {row.conversation_id for row in books.of(one)}
    wrong += [f"{who} is in conversations {sorted(ids)}" for who, ids in threads.items() if len(ids) > 1]
    return verdict("doubled: once in the database, one conversation a customer", len(said), wrong)


def _refused(books: Books, ledger: Ledger) -> Verdict:
    refused = [one for one in ledger.said if one.refused]
    wrong = [f"{one.who} was refused “{one.text}”, and it is there" for one in refused if books.of(one)]
    return verdict("refused: what was refused is not there", len(refused), wrong)


def _order(books: Books, ledger: Ledger) -> Verdict:
    """Everybody's own words as they said them, in every thread; an answer after what it answers."""
    lines: dict[tuple[str, int], list[Message]] = defaultdict(list)
    wrong = []
    for one in ledger.said:
        for row in books.of(one)[:1]:
            lines[(one.who, row.conversation_id)].append(row)
            about = books.messages.get(one.answers)
            if about is not None and books.place(row) < books.place(about):
                wrong.append(f"“{row.text}” stands before message {about.id}, which it is about")
    for (who, thread), rows in lines.items():
        wrong += [
            f"{who}: “{after.text}” stands before “{before.text}” in conversation {thread}"
            for before, after in pairwise(rows)
            if books.place(after) < books.place(before)
        ]
    for decision in books.decisions.values():
        asked, told = books.messages[decision.message_id], books.messages.get(decision.reply_id or 0)
        if told is not None and books.place(told) < books.place(asked):
            wrong.append(f"the bot's message {told.id} stands before {asked.id}, which it answers")
    return verdict("order: each conversation in the order it was said", sum(map(len, lines.values())), wrong)


# --- what the other side received -------------------------------------------------------------------------


def _outgoing(books: Books, path: str) -> Iterator[tuple[Message, Delivery]]:
    for id, delivery in books.deliveries.items():
        channel = books.channels[delivery.channel_id]
        if str(channel.settings.get("callback_url", "")).endswith(path):
            yield books.messages[id], delivery


def _received(books: Books, posted: Sequence[Posted]) -> Verdict:
    """What is marked as sent was received as it was written, and nothing else was received."""
    kept = {(one.path, one.key): one for one in posted if one.kept}
    wrong, counted = [], 0
    known = set()
    for path in ("/api", "/once"):
        for message, delivery in _outgoing(books, path):
            counted += 1
            known.add((path, f"m{message.id}"))
            there = kept.get((path, f"m{message.id}"))
            if delivery.state == SENT and there is None:
                wrong.append(f"message {message.id} counts as sent on {path} and was never received")
            if there is not None and there.text != message.text:
                wrong.append(f"message {message.id} was received as “{there.text}”")
            if delivery.state == FAILED:
                wrong.append(f"message {message.id} failed: {delivery.error}")
            if delivery.state == UNKNOWN and path == "/api":
                wrong.append(f"message {message.id} is unknown, where a key makes sending again safe")
    wrong += [f"{key} was received on {path} and is no message" for path, key in kept.keys() - known]
    return verdict("received: what counts as sent arrived, word for word", counted, wrong)


def _twice_received(books: Books, posted: Sequence[Posted]) -> Verdict:
    """Each claim posts once at most: so many times as it was put back into the line, and once more."""
    again = books.put_back()
    wrong = []
    came = Counter((one.path, one.key) for one in posted)
    for (path, key), times in came.items():
        allowed = 1 if path == "/once" else 1 + again[int(key.removeprefix("m"))]
        if times > allowed:
            wrong.append(f"{key} was posted {times} times on {path}, {allowed} would have been right")
    return verdict(
        "doubled: once at the receiver, or with its key after a claim was given up", len(came), wrong
    )


def _arrival(books: Books, posted: Sequence[Posted]) -> Verdict:
    """Each recipient got the messages in their order; what was `unknown` meanwhile has no place in it."""
    unsure, latest, seen, wrong = books.unsure(), dict[tuple[str, str], int](), set[tuple[str, str]](), []
    for one in posted:
        id = int(one.key.removeprefix("m"))
        if not one.kept or (one.path, one.key) in seen or id in unsure:
            continue
        seen.add((one.path, one.key))
        before = latest.get((one.path, one.to), 0)
        if id < before:
            wrong.append(f"{one.to} received message {id} after {before}")
        latest[(one.path, one.to)] = max(id, before)
    return verdict("order: each recipient got the answers in their order", len(seen), wrong)


def left_behind(books: Books) -> Verdict:
    """Deliveries and requests that still wait."""
    wrong = [
        f"message {id} is still {one.state}"
        for id, one in books.deliveries.items()
        if one.state in (QUEUED, SENDING)
    ]
    wrong += [f"raw receipt {id} was not read, or failed" for id in books.unread]
    return verdict("left behind: nothing waits that should have gone", len(books.deliveries), wrong)


# --- the bot ----------------------------------------------------------------------------------------------


def _bot(books: Books) -> Verdict:
    """By the events, which of one conversation are in order: no word of the bot while a person has the thread."""
    first = {one.id: BOT if _has_bot(books, one.id) else HUMAN for one in books.conversations.values()}
    owner, counted, wrong = first, 0, []
    for event in books.events:
        thread = event.conversation_id
        if thread is None:
            continue
        if event.kind == "handover":
            owner[thread] = str(event.data["to"])
        elif (event.kind, event.actor) == ("message.sent", "agent") or (
            event.kind == "assigned" and event.data.get("assignee")
        ):
            owner[thread] = HUMAN
        elif event.kind == "message.sent" and event.actor == "bot":
            counted += 1
            if owner[thread] != BOT:
                wrong.append(
                    f"the bot's message {event.message_id} came while a person had conversation {thread}"
                )
    told = {one.message_id for one in books.events if one.kind == "message.sent"}
    mute = [one.id for one in books.messages.values() if one.author == "bot" and one.id not in told]
    wrong += [f"the bot's message {id} was told to nobody" for id in mute]
    return verdict("bot: no word after a takeover, until handed back", counted, wrong)


def _has_bot(books: Books, conversation: int) -> bool:
    of = (one.channel_id for one in books.messages.values() if one.conversation_id == conversation)
    return any(books.channels[id].bot_enabled for id in of if id)


def _bot_promised(books: Books, ledger: Ledger) -> Verdict:
    """By the clients' own watches: asked after a takeover was acknowledged and before anybody could have handed
    back, the bot says nothing."""
    takes = [one for one in ledger.done if one.verb == TAKE_OVER and one.acked]
    backs = [one for one in ledger.done if one.verb == HAND_BACK]
    counted, wrong = 0, []
    for said in ledger.of(CUSTOMER):
        for row in books.of(said)[:1]:
            over = [
                one for one in takes if one.conversation == row.conversation_id and one.ended < said.began
            ]
            safe = [
                one
                for one in over
                if not any(
                    back.conversation == row.conversation_id
                    and (not back.ended or back.ended > one.began)
                    and back.began < (said.acked or float("inf"))
                    for back in backs
                )
            ]
            if not safe:
                continue
            counted += 1
            decision = books.decisions.get(row.id)
            if decision is not None:
                wrong.append(f"the bot took up “{said.text}” after {safe[-1].conversation} was taken over")
    return verdict("bot: nothing asked of a person is answered by it", counted, wrong)


def _surprises(ledger: Ledger) -> Verdict:
    return verdict("answers: nobody was told what cannot be", ledger.acknowledged, ledger.surprises)
