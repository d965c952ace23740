"""Memory that building a large book has left lying around."""

from __future__ import annotations

import ctypes


def give_back() -> None:
    """Hand it back to the system, where the C library keeps it for itself otherwise (glibc's does)."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library, or Windows
        return
    trim(0)
