"""Tables as the commands print them."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table


def show(*tables: Table, wide: int = 120) -> None:
    """Print them, as wide as the terminal, or `wide` into a pipe. What people wrote, “[/b]” too, is words and no
    markup."""
    console = Console(markup=False, width=None if sys.stdout.isatty() else wide)
    for table in tables:
        console.print(table)
