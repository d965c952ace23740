"""A channel whose provider knows no idempotency key: what may have arrived must not be sent again by itself.

No kind of ours is so; the fault run adds this one to its own processes, to see that rule kept too.
"""

from __future__ import annotations

from dataclasses import replace

from channels import registry
from channels.api import Api

KIND = "once"


class Once(Api):
    """The API channel without the promise that a key arrives once."""

    kind = KIND
    label = "Once"
    features = replace(Api.features, idempotent=False)


def add_kind() -> None:
    """Make the kind known to this process."""
    registry.KINDS[KIND] = f"{__name__}:Once"
    registry.reload()
