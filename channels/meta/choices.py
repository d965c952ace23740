"""Labels of buttons, shorter than what they stand for: the whole of it comes back with the press."""

from channels.text import clean, graphemes


def label(words: str, most: int) -> str:
    """`words` in at most `most` characters, none a reader sees cut in two."""
    words = " ".join(words.split())
    if len(words) <= most:
        return words
    kept = ""
    for seen in graphemes(words):
        if len(kept) + len(seen) > most - 1:
            break
        kept += seen
    return kept + "…"


def pressed(title: str, payload: str) -> str:
    """What was chosen: `payload`, if `title` is a shortened form of it."""
    whole = clean(payload)
    return whole if title.endswith("…") and " ".join(whole.split()).startswith(title[:-1]) else title
