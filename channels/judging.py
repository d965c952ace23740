"""Buttons by which a reader says whether a message helped: what stands behind them, and what a press of one means."""

from datetime import datetime

from channels.events import Judged, Person
from channels.outbound import Outbound

_MARK = "madoguchi-helped"


def buttons(outbound: Outbound) -> list[tuple[str, str]]:
    """(label, data) of each; none where the message is not to be judged."""
    return [
        (label, f"{_MARK}:{said}:{outbound.key}")
        for label, said in zip(outbound.judged, ("yes", "no"), strict=False)
    ]


def pressed(data: str, sender: Person, at: datetime | None = None) -> Judged | None:
    """What the `data` of a button that was pressed says; None where it is another button's."""
    mark, _, rest = data.partition(":")
    said, _, key = rest.partition(":")
    if mark != _MARK or said not in ("yes", "no") or not key:
        return None
    return Judged(sender, key[:100], said == "yes", at)
