"""Webhooks as the platforms send them, written and signed by their own documents' rules, not by our connectors.

`python -m app.bench.webhooks KIND...`, run with an installation's settings, makes a channel of each kind there and
prints their accounts as JSON.
"""

from app.bench.webhooks.accounts import KINDS, NOBODY, accounts, registered
from app.bench.webhooks.kind import Account, Kind, Said

__all__ = ["KINDS", "NOBODY", "Account", "Kind", "Said", "accounts", "registered"]
