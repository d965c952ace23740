"""Acknowledged before the commit: a webhook is answered, and stored half a second later, if we live that long."""

from __future__ import annotations

import threading
from typing import Any

from app.models import RawReceipt
from app.web import hooks

LATE = 0.5  # seconds
_stored = hooks._stored


def _stored_later(calls: Any, channels: Any) -> list[RawReceipt]:
    threading.Timer(LATE, _stored, (calls, channels)).start()
    return [RawReceipt(state="parsed", outcome=[]) for _ in calls]


hooks._stored = _stored_later
