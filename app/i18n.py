"""Words in the reader's language: the gettext catalogues, merged and cached.

A message id is the English sentence. Each area of the product keeps its own fragment in
``app/locale/<language>/<area>.po``; the fragments of a language are merged when first needed.
"""

from functools import lru_cache
from pathlib import Path

from babel.messages.pofile import read_po

LOCALES = ("ja", "en")
DEFAULT = "ja"
LOCALE_DIR = Path(__file__).parent / "locale"

Catalogue = dict[str, tuple[str, ...]]


@lru_cache(1_000)
def known(locale: str | None) -> str:
    """The nearest language we have for a tag such as ``ja-JP``; unknown or empty means the default."""
    short = (locale or "").replace("_", "-").split("-")[0].lower()
    return short if short in LOCALES else DEFAULT


def gettext(locale: str | None, msgid: str, /, **values: object) -> str:
    """The sentence in the reader's language, ``%(name)s`` filled in; English if untranslated."""
    found = catalogue(known(locale)).get(msgid)
    text = found[0] if found and found[0] else msgid
    return text % values if values else text


def ngettext(locale: str | None, singular: str, plural: str, n: int, /, **values: object) -> str:
    """Like ``gettext`` with a number; ``%(n)s`` is filled with it. Japanese has a single form."""
    language = known(locale)
    forms = catalogue(language).get(singular) or (singular, plural)
    text = forms[0] if n == 1 or language == "ja" or len(forms) < 2 else forms[1]
    return (text or (singular if n == 1 else plural)) % {"n": n, **values}


@lru_cache
def catalogue(locale: str) -> Catalogue:
    """Every translation of one language: message id -> its forms."""
    merged: Catalogue = {}
    for path in sorted((LOCALE_DIR / locale).glob("*.po")):
        merged |= _fragment(path)
    return merged


def _fragment(path: Path) -> Catalogue:
    with path.open("rb") as file:
        messages = read_po(file)
    found: Catalogue = {}
    for message in messages:
        if message.id and not message.fuzzy:
            key = message.id if isinstance(message.id, str) else message.id[0]
            found[key] = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
    return found
