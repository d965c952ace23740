"""Call logs that telephone systems and call centres export: their columns, their values, the calls in them.

Everything here is pure; :mod:`app.imports` takes the calls in.
"""

from app.calllog.keeping import METHOD, loads

__all__ = ["METHOD", "loads"]
