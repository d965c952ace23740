"""Who somebody is, as X tells it in any of its forms."""

from collections.abc import Callable, Mapping
from typing import Any

from channels.events import Person
from channels.values import MAX_URL, Malformed, words


def person(id: str, told: Mapping[str, Any], secure: Callable[[str], bool]) -> Person:
    """`told` is a user object of either version of the API, or empty; what is not as documented counts as absent.
    `secure` says whether a picture may be fetched from an address."""
    try:
        name, handle = words(told, "name"), words(told, "screen_name") or words(told, "username")
        picture = words(told, "profile_image_url_https", MAX_URL) or words(told, "profile_image_url", MAX_URL)
    except Malformed:
        return Person(id)
    return Person(
        id,
        name=name,
        avatar_url=picture if secure(picture) else "",
        attributes={"X": f"@{handle}"} if handle else {},
    )
