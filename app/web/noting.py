"""What is noted of customers, in a reader's words: the name of an attribute, and its value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from app import canonical, formats
from app.config import settings
from app.i18n import gettext
from app.inbox.attributes import DATE, NO, NUMBER, YES, YES_NO, Attribute

# What shops, forms and platforms send under these names, where the house has given them no type.
NAMES = {
    **{"name": "Name", "name_kana": "Reading", "kana": "Reading", "email": "Email", "phone": "Telephone"},
    **{"tel": "Telephone", "birthday": "Date of birth", "date_of_birth": "Date of birth", "gender": "Gender"},
    **{"address": "Postal address", "postcode": "Postcode", "zip": "Postcode", "city": "City"},
    **{"prefecture": "Prefecture", "country": "Country", "company": "Company", "department": "Department"},
    **{"card": "Loyalty card", "external_id": "Customer ID", "locale": "Language", "language": "Language"},
    **{
        "plan": "Plan",
        "rank": "Rank",
        "points": "Points",
        "order": "Order number",
        "order_id": "Order number",
    },
    **{
        "order_number": "Order number",
        "catalogue": "Catalogue",
        "newsletter": "Newsletter",
        "job": "Occupation",
    },
}
_SAID = {"true": YES, "false": NO}
_BIRTH = {"birthday", "date_of_birth"}
_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


@dataclass(frozen=True)
class Noting:
    """The words of a reader; `defined` are the attributes with a type."""

    defined: Mapping[str, Attribute]
    locale: str

    def name(self, name: str) -> str:
        """What an attribute is called: as the house calls it, else as everybody does, else as it came."""
        if name in self.defined:
            return self.defined[name].called(self.locale)
        common = NAMES.get(name.lower().replace("-", "_").replace(" ", "_"))
        return gettext(self.locale, common) if common else name.replace("_", " ").strip() or name

    def value(self, name: str, value: str) -> str:
        """A value by its type: a day with its weekday, a number in thousands, a telephone number as people write it.
        What does not fit its type is shown as it is."""
        kind = self.defined[name].type if name in self.defined else ""
        plain = name.lower()
        if kind == YES_NO and value in (YES, NO):
            return gettext(self.locale, value)
        if kind == NUMBER:
            return _number(value)
        if kind == DATE or (not kind and plain in _BIRTH):
            return self._day(value)
        if not kind and plain in ("phone", "tel"):
            return canonical.shown(value, settings().country)
        if not kind and value.lower() in _SAID:
            return gettext(self.locale, _SAID[value.lower()])
        return value

    def _day(self, value: str) -> str:
        found = _DAY.fullmatch(value)
        try:
            return formats.date_of(date(*map(int, found.groups())), self.locale) if found else value
        except ValueError:
            return value


def _number(value: str) -> str:
    try:
        return f"{Decimal(value):,}"
    except InvalidOperation:
        return value
