"""The product itself for tests: what the benchmarks start, under the names tests know it by."""

from __future__ import annotations

from app.bench.stack import READY_SECONDS, Served, clean_environment, free_port, serving, until

__all__ = ["READY_SECONDS", "Served", "clean_environment", "free_port", "serving", "until"]
