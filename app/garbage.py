"""Python's search for garbage, which looks through all that a process holds again and again."""

import gc

COLLECT = 10_000, 20, 20  # new objects, and rounds of each generation, before it looks


def spare() -> None:
    """What a process holds once it is up is not looked through any more, and what it makes less often.

    In this program a round takes a tenth of a second, in the middle of somebody's page; and where thousands of rows
    are taken in, a fifth of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT)
