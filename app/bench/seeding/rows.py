"""Rows by the thousand, ready for the engine's bulk path: plain tuples in the order of :data:`COLUMNS`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

Row = tuple[Any, ...]
Batch = dict[str, list[Row]]

# Every column but those the database or nobody fills. Times are text in UTC as SQLite keeps them (and PostgreSQL
# reads them), JSON is text, truths are 0 and 1.
COLUMNS = {
    "customer": "id name name_kana locale note attributes created_at updated_at",
    "identity": "id customer_id kind scope address display proof created_at",
    "visitor": "id channel_id token_hash identity_id created_at last_seen_at expires_at locale page",
    "conversation": "id customer_id head_id owner owner_epoch status assignee_id team_id priority snoozed_until "
    "waiting_since last_message_at last_message_id last_preview last_author last_channel_id inbound_count "
    "bot_misses bot_asked escalated last_event_id locale created_at",
    "case": "id number conversation_id subject status opened_at first_response_at resolved_at resolved_by "
    "reopened rating rating_comment rated_at",
    "message": "id conversation_id case_id kind author agent_id identity_id channel_id external_id client_id text "
    "html subject quick_replies links context sent_at created_at",
    "event": "id conversation_id kind at actor agent_id message_id prev_id data position",
    "delivery": "id message_id channel_id identity_id state attempts next_at claim claimed_at error updated_at",
    "delivery_ref": "channel_id external_id delivery_id note",
    "raw_receipt": "id channel_id received_at method url headers body remote state error parsed_at outcome",
    "decision": "id conversation_id message_id reply_id version epoch action entry_id rule_id score detail "
    "made_at",
    "escalation": "id conversation_id case_id type reason raised_by agent_id raised_at due_at state finding",
    "conversation_label": "conversation_id label_id put_at",
    "read_mark": "conversation_id agent_id inbound_count message_id read_at",
}
INDEXES = ("search_message", "search_customer")  # their rows: id, tokens, scopes (see app.search.bulk)
COUNTED = (
    "message",
    "event",
    "identity",
    "visitor",
    "case",
    "delivery",
    "raw_receipt",
    "decision",
    "escalation",
)

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  # written without a zone, as SQLite keeps it


def stamp(seconds: float) -> str:
    """A moment (seconds since 1970) as it is stored."""
    return (EPOCH + timedelta(seconds=seconds)).isoformat(" ", "microseconds")


def packed(value: object) -> str:
    """JSON, quickly."""
    return msgspec.json.encode(value).decode()


class Rows:
    """What has been made and not been written yet, and the next id of each table."""

    def __init__(self, last: Mapping[str, int]) -> None:
        self.ids = {table: last.get(table, 0) for table in COUNTED}
        self.waiting = 0
        self._batch = _empty()
        self.add = {name: rows.append for name, rows in self._batch.items()}

    def next_id(self, table: str) -> int:
        """A new id."""
        self.ids[table] += 1
        return self.ids[table]

    def take(self) -> Batch:
        """Everything made since the last time."""
        taken, self._batch = self._batch, _empty()
        # The same dictionary stays, so that whoever holds it goes on.
        self.add.update({name: rows.append for name, rows in self._batch.items()})
        self.waiting = 0
        return taken


def _empty() -> Batch:
    return {name: [] for name in (*COLUMNS, *INDEXES)}
