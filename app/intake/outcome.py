"""What became of an event."""

from typing import Any

Outcome = dict[str, Any]
