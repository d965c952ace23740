"""What cannot differ between the engines runs on one."""

from tests import engines

_ONCE = ["test_statements.py", "test_generated.py", "test_document.py", "test_walkthrough.py"]
collect_ignore = [] if engines.WHICH == "sqlite" else _ONCE
