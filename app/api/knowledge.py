"""What the bot knows and what is kept ready, as shapes, and the bodies they are written with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from app import knowledge
from app.api.kinds import Given, Shape, Time
from app.api.shapes import LinkShape, same
from app.canned import MAX_BODY, MAX_SHORTCUT, MAX_TITLE
from app.models import CannedReply, FaqEntry
from app.text import clean, one_line

Language = Literal["ja", "en"]
Title = Annotated[str, Meta(min_length=1, max_length=200)]
Answer = Annotated[str, Meta(min_length=1, max_length=8000)]
Line = Annotated[str, Meta(min_length=1, max_length=500)]
Questions = Annotated[list[Line], Meta(min_length=1, max_length=200)]
QuickReplies = Annotated[list[Line], Meta(max_length=8)]
Tags = Annotated[list[Annotated[str, Meta(min_length=1, max_length=40)]], Meta(max_length=20)]


class LinkIn(Given):
    """A link the bot puts under an answer; the address begins with https:// or http://."""

    url: Annotated[str, Meta(min_length=8, max_length=2000, pattern="^https?://")]
    label: Annotated[str, Meta(max_length=200)] = ""


Links = Annotated[list[LinkIn], Meta(max_length=20)]
Day = Annotated[str, Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$", max_length=10)]
Names = Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=50)]
FollowUps = Annotated[list[Annotated[int, Meta(ge=1, le=2**53)]], Meta(max_length=4)]
Other = Annotated[int, Meta(ge=1, le=2**53)]


class EntryPictureShape(Shape):
    """The picture below an answer: the number of the file, and what it shows."""

    id: int
    text: str


class FaqShape(Shape):
    """An entry of the FAQ. `questions` are the ways it is asked; the bot answers from those that are `enabled`, on the
    days from `valid_from` to `valid_until` ("": always, by the shop's clock), on channels of these `kinds` or with
    these keys (both empty: on all), and only to who has `signed_in` where that is wanted. `follow_ups` are entries
    offered below the answer, `flow_id` a form that begins after it, `translation_of` is the one that says the same in
    the other language, and `listed` ones stand in the help centre."""

    id: int
    title: str
    language: Language
    questions: list[str]
    answer: str
    links: list[LinkShape]
    quick_replies: list[str]
    tags: list[str]
    valid_from: str
    valid_until: str
    kinds: list[str]
    channels: list[str]
    signed_in: bool
    follow_ups: list[int]
    translation_of: int | None
    flow_id: int | None
    listed: bool
    picture: EntryPictureShape | None
    enabled: bool
    updated_at: Time


class FaqIn(Given):
    """A new entry."""

    title: Title
    questions: Questions
    answer: Answer
    language: Language = "ja"
    links: Links = []
    quick_replies: QuickReplies = []
    tags: Tags = []
    valid_from: Day = ""
    valid_until: Day = ""
    kinds: Names = []
    channels: Names = []
    signed_in: bool = False
    follow_ups: FollowUps = []
    translation_of: Other | None = None
    flow_id: Other | None = None
    listed: bool = True
    enabled: bool = True


class FaqChange(Given):
    """What is to change of an entry; what is left out stays."""

    title: Title | UnsetType = UNSET
    questions: Questions | UnsetType = UNSET
    answer: Answer | UnsetType = UNSET
    language: Language | UnsetType = UNSET
    links: Links | UnsetType = UNSET
    quick_replies: QuickReplies | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    valid_from: Day | UnsetType = UNSET
    valid_until: Day | UnsetType = UNSET
    kinds: Names | UnsetType = UNSET
    channels: Names | UnsetType = UNSET
    signed_in: bool | UnsetType = UNSET
    follow_ups: FollowUps | UnsetType = UNSET
    translation_of: Other | UnsetType | None = UNSET
    flow_id: Other | UnsetType | None = UNSET
    listed: bool | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


Reason = Annotated[str, Meta(max_length=500)]


class PublicationIn(Given):
    """Publish the draft: what for, and why even though it does worse (only where it was stopped)."""

    reason: Reason = ""
    overruled: Reason = ""


class PublicationShape(Shape):
    """The `version` that was published; none while it is `measuring`."""

    version: int | None
    measuring: bool


Shortcut = Annotated[str, Meta(min_length=1, max_length=MAX_SHORTCUT + 1)]  # perhaps with its slash
ReplyTitle = Annotated[str, Meta(min_length=1, max_length=MAX_TITLE)]
ReplyBody = Annotated[str, Meta(min_length=1, max_length=MAX_BODY)]


class CannedShape(Shape):
    """A reply kept ready, called up with `/shortcut`. `body` may name {customer}, {agent} and {shop}; `locale` ""
    is for any language."""

    id: int
    shortcut: str
    title: str
    body: str
    locale: Literal["", "ja", "en"]
    updated_at: Time
    updated_by: int | None


class CannedIn(Given):
    """A new canned reply."""

    shortcut: Shortcut
    title: ReplyTitle
    body: ReplyBody
    locale: Literal["", "ja", "en"] = ""


class CannedChange(Given):
    """What is to change of a canned reply; what is left out stays."""

    shortcut: Shortcut | UnsetType = UNSET
    title: ReplyTitle | UnsetType = UNSET
    body: ReplyBody | UnsetType = UNSET
    locale: Literal["", "ja", "en"] | UnsetType = UNSET


def entry(row: FaqEntry) -> FaqShape:
    links = [LinkShape(label=str(one.get("label", "")), url=str(one["url"])) for one in row.links]
    picture = EntryPictureShape(id=row.image_id, text=row.image_text) if row.image_id else None
    return same(FaqShape, row, links=links, picture=picture)


def canned(row: CannedReply) -> CannedShape:
    return same(CannedShape, row)


def entry_data(given: FaqIn | FaqChange, row: FaqEntry | None) -> dict[str, Any]:
    """What :func:`app.knowledge.save_entry` writes: what was given, over what there is."""
    data: dict[str, Any] = knowledge.stored(row) if row is not None else {}
    return data | {name: _tidy(name, value) for name, value in told(given).items()}


def told(given: Given) -> Mapping[str, Any]:
    """The fields that were given, by name."""
    fields = {name: getattr(given, name) for name in given.__struct_fields__}
    return {name: value for name, value in fields.items() if value is not UNSET}


def _tidy(name: str, value: Any) -> Any:
    if name == "answer":
        return clean(value).strip()
    if name == "title":
        return one_line(value)
    if name == "links":
        return [_link(link) for link in value]
    if name == "follow_ups":
        return list(dict.fromkeys(value))
    if isinstance(value, list):
        return [line for each in value if (line := one_line(each, 500))]
    return value


def _link(link: LinkIn) -> dict[str, str]:
    url = one_line(link.url, 2000)
    return {"label": one_line(link.label) or url, "url": url}
