"""How good the draft is beside what is published: measured with labelled questions (`evaluating`), tried on what
customers asked (`replaying`). Runs are rows, worked off by the clock of any worker (`runs`)."""

from app.proving import evaluating, replaying
from app.proving.runs import run, run_due

__all__ = ["evaluating", "replaying", "run", "run_due"]
