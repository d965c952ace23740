"""What goes into the indexes, and out of them again."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db import insist, transaction
from app.models import Customer, Identity, Message
from app.models.message import NOTE, SYSTEM
from app.search import store
from app.search.people import spellings
from app.text import tokens

_BATCH = 500


def index_message(db: Session, message: Message) -> None:
    """Make the words of a message findable, in place of those it had; a removed one leaves the index.

    Lines of the system are not indexed: nobody said them.
    """
    index_messages(db, [message])


def index_messages(db: Session, messages: Sequence[Message]) -> None:
    """:func:`index_message` for several."""
    db.flush()  # a message is locked before its row of the index, by everybody
    store.put(db, "message", [_message_entry(message) for message in messages])


def index_new(db: Session, messages: Sequence[Message]) -> None:
    """:func:`index_message` for messages that were stored in this transaction: there is nothing to replace."""
    store.add(db, "message", [_message_entry(message) for message in messages])


def remove(db: Session, message: Message) -> None:
    """The words of this message are not found any more (unsent, deleted)."""
    db.flush()
    db.execute(select(Message.id).where(Message.id == message.id).with_for_update(key_share=True))
    store.take(db, "message", [message.id])


def index_customer(db: Session, customer: Customer) -> None:
    """Make a customer findable by name, reading, addresses, attributes and note."""
    index_customers(db, [customer])


def index_customers(db: Session, customers: Sequence[Customer]) -> None:
    """:func:`index_customer` for several. They are locked and read afresh: of two who change something of the same
    customer, who comes second indexes what the first wrote, too."""
    if customers:
        db.flush()
        ids = [customer.id for customer in customers]
        rows = select(Customer).where(Customer.id.in_(ids)).order_by(Customer.id)
        rows = rows.with_for_update(key_share=True).execution_options(populate_existing=True)
        store.put(db, "customer", _customer_entries(db, db.scalars(rows).all()))


def missing(db: Session, messages: Sequence[Message]) -> list[int]:
    """The ids of these messages that have words and are not in the index (what ``madoguchi verify`` asks)."""
    there = store.present(db, "message", [message.id for message in messages])
    absent = (message for message in messages if message.id not in there)
    return [message.id for message in absent if _message_entry(message).tokens]


def left(db: Session, messages: Sequence[Message]) -> list[int]:
    """The ids of these messages that were taken back and are in the index all the same."""
    gone = [message.id for message in messages if message.removed_at is not None]
    return sorted(store.present(db, "message", gone))


def reindex(progress: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Build both indexes anew from the tables, batch by batch while the product runs; returns the rows read.

    `progress(done, total)` is told after each batch. Rows that are in the index and not in the tables stay
    (nothing deletes messages or customers); what was removed is taken out.
    """
    with transaction() as db:
        total = (db.scalar(select(func.count(Message.id))) or 0) + (
            db.scalar(select(func.count(Customer.id))) or 0
        )
    done = 0
    for each in (_reindex_messages, _reindex_customers):
        last = 0
        while True:
            read, last = insist(partial(_in_one, each, last))
            if not read:
                break
            done += read
            progress(done, total)
    return done


def _in_one(each: Callable[[Session, int], tuple[int, int]], after: int) -> tuple[int, int]:
    with transaction() as db:
        return each(db, after)


def _reindex_messages(db: Session, after: int) -> tuple[int, int]:
    wanted = select(Message).where(Message.id > after).order_by(Message.id).limit(_BATCH)
    rows = db.scalars(
        wanted.with_for_update(key_share=True)
    ).all()  # who unsends one now takes it out after us
    store.put(db, "message", [_message_entry(row) for row in rows])
    return len(rows), rows[-1].id if rows else after


def _reindex_customers(db: Session, after: int) -> tuple[int, int]:
    wanted = select(Customer).where(Customer.id > after).order_by(Customer.id).limit(_BATCH)
    rows = db.scalars(wanted.with_for_update(key_share=True)).all()
    store.put(db, "customer", _customer_entries(db, rows))
    return len(rows), rows[-1].id if rows else after


def _message_entry(message: Message) -> store.Entry:
    if message.removed_at is not None or message.kind == SYSTEM:
        return store.Entry(message.id, ())
    words = tokens(f"{message.subject}\n\n{message.text}" if message.subject else message.text)
    return store.Entry(message.id, words, _scopes(message))


def _scopes(message: Message) -> list[str]:
    """What a message can be narrowed by in the index itself; who changes any of it indexes the message anew."""
    thread = message.conversation_id
    scopes = [f"v{thread}", f"w{message.author}"]
    scopes += [f"u{thread}"] if message.author == "customer" else []  # the customer's own words in the thread
    scopes += [f"c{message.channel_id}"] if message.channel_id is not None else []
    scopes += [f"a{message.agent_id}"] if message.agent_id is not None else []
    return scopes + ([f"k{NOTE}"] if message.kind == NOTE else [])


def _customer_entries(db: Session, customers: Sequence[Customer]) -> list[store.Entry]:
    ids = [customer.id for customer in customers]
    addresses: dict[int, list[str]] = {each: [] for each in ids}
    theirs = select(Identity).where(Identity.customer_id.in_(ids)).execution_options(populate_existing=True)
    for identity in db.scalars(theirs):
        addresses[identity.customer_id] += [identity.display, *spellings(identity)]
    return [
        store.Entry(customer.id, tokens("\n\n".join(_said_of(customer, addresses[customer.id]))))
        for customer in customers
    ]


def _said_of(customer: Customer, addresses: Iterable[str]) -> list[str]:
    values = (
        entry.get("value") if isinstance(entry, dict) else entry for entry in customer.attributes.values()
    )
    attributes = [str(value) for value in values if value not in (None, "", [], {})]
    return [customer.name, customer.name_kana, *addresses, *attributes, customer.note]
