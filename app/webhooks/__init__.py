"""Telling other systems over HTTP: subscriptions, their deliveries as rows, and who sends them.

Signed the way of standardwebhooks.com, at least once, in order within a conversation. The rows are the truth;
the bell only makes it quick.
"""

from app.webhooks import errands
from app.webhooks.kinds import GROUPS, KINDS
from app.webhooks.leftovers import sweep
from app.webhooks.log import Page, asked, call_of, delivery_of, log
from app.webhooks.pump import pumping
from app.webhooks.resending import resend, resend_between, resend_range
from app.webhooks.sending import TEST_KIND, prepare_test, prune, send_test
from app.webhooks.subscriptions import (
    Wrong,
    add,
    all_hooks,
    change,
    find,
    forget_old_key,
    remove,
    rotate,
    switch_off,
    switch_on,
)

__all__ = [
    "GROUPS",
    "KINDS",
    "TEST_KIND",
    "Page",
    "Wrong",
    "add",
    "all_hooks",
    "asked",
    "call_of",
    "change",
    "delivery_of",
    "errands",
    "find",
    "forget_old_key",
    "log",
    "prepare_test",
    "prune",
    "pumping",
    "remove",
    "resend",
    "resend_between",
    "resend_range",
    "rotate",
    "send_test",
    "sweep",
    "switch_off",
    "switch_on",
]
