"""How good the draft is beside what is published: measured with labelled questions (`evaluating`), tried on what
customers asked (`replaying`), and measured with a sentence model beside without it (`modelled`). Runs are rows, worked
off by the clock of any worker (`runs`)."""

from app.proving import evaluating, modelled, replaying
from app.proving.runs import run, run_due

__all__ = ["evaluating", "modelled", "replaying", "run", "run_due"]
