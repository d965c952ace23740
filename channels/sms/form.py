"""The form that Twilio posts, whatever it holds."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from channels.events import Request
from channels.text import clean

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 500


def is_form(request: Request) -> bool:
    return request.header("content-type").partition(";")[0].strip().lower() == FORM


def pairs(request: Request) -> list[tuple[str, str]]:
    """Every field with its value, blank ones too, in the order they came; none where there are too many."""
    try:
        return parse_qsl(
            request.body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS
        )
    except ValueError:
        return []


def fields(request: Request) -> Mapping[str, str]:
    """The first value of each field, cleaned."""
    found: dict[str, str] = {}
    for name, value in pairs(request):
        found.setdefault(clean(name), clean(value))
    return found
