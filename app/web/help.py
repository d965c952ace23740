"""The help centre: what the shop has published, for anybody to read. Nothing here looks at a cookie, so every cache may
keep it; what changes with the version, the day or the settings has another ETag."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b
from typing import Any
from urllib.parse import unquote

from markupsafe import escape
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

import bots
from app import general, i18n, rates, switchboard
from app.auth import cookies
from app.config import settings
from app.db import reading, transaction
from app.helpcentre import addresses, finding, votes
from app.helpcentre.shelf import Shelf, shelf
from app.knowledge import pictures
from app.models import Attachment
from app.queries import NotFound
from app.render import digest, render
from app.web import files
from app.web.manual import FOLDER, GUIDES
from app.web.pages import spoken, text, with_form
from app.web.widget import compressed, own_origin

KEPT = "public, max-age=300, stale-while-revalidate=3600"
BRIEFLY = "public, max-age=60"
FOUND = 30  # entries for a search
SEARCHES, PER = 60, 60.0  # of one network
MANUAL = {*GUIDES, *(path.stem for path in FOLDER.glob("*.md")), "api"}  # pages of it that once stood here
HTML = "text/html; charset=utf-8"


@dataclass(frozen=True)
class Place:
    """What a page is made of: the shelf, the language, and the house."""

    shelf: Shelf
    language: str
    house: general.HelpCentre
    shop: str
    base: str


def _place(db: Session, request: Request) -> Place:
    """Raises `NotFound` where there is no help centre, or not in that language."""
    language = request.path_params.get("language", i18n.DEFAULT)
    house = general.help_centre(db)
    if not house.on or language not in i18n.LOCALES:
        raise NotFound("help")
    if house.chat and switchboard.find_open(db, house.chat) is None:
        house = replace(house, chat="")  # switched off or deleted since
    return Place(
        shelf(db), language, house, general.shop_name(db), settings().public_url or own_origin(request)
    )


def begin(request: Request) -> Response:
    """In the reader's language."""
    with reading() as db:
        _place(db, request)
    headers = {"Vary": "Accept-Language", "Cache-Control": KEPT}
    return RedirectResponse(addresses.index(spoken(request)), 302, headers=headers)


def index(request: Request) -> Response:
    """The topics with their entries; `?q=` what is found for words."""
    language = request.path_params["language"]
    if language in MANUAL:
        return RedirectResponse(f"/manual/{language}", 301)
    typed = request.query_params.get("q", "").strip()[: finding.LONGEST]
    with reading() as db:
        place = _place(db, request)
    if typed:
        return _found(request, place, typed)
    other = {one: addresses.index(one) for one in i18n.LOCALES}
    return _page(
        request, place, "help/index.html", lambda: {"topics": place.shelf.topics(place.language)}, other
    )


def _found(request: Request, place: Place, typed: str) -> Response:
    host = request.client.host if request.client else ""
    if rates.hit(f"help:search:{rates.network(host)}", SEARCHES, PER):
        raise HTTPException(429, headers={"Retry-After": str(int(PER))})
    found = finding.find(place.shelf.book, typed, place.language, place.shelf.shows, FOUND)
    other = {one: addresses.index(one) for one in i18n.LOCALES}
    return _page(
        request, place, "help/search.html", lambda: {"typed": typed, "found": found}, other, caching=BRIEFLY
    )


def topic(request: Request) -> Response:
    """All entries of a topic, or those of none."""
    name = str(request.path_params.get("topic", ""))
    with reading() as db:
        place = _place(db, request)
    found = next((one for one in place.shelf.topics(place.language) if one.name == name), None)
    if found is None:
        raise NotFound(name)
    here = {place.language: addresses.topic(place.language, name)}
    return _page(request, place, "help/topic.html", lambda: {"topic": found}, here)


def entry(request: Request) -> Response:
    """One entry. Its number finds it; other words in the address lead to the right ones."""
    with reading() as db:
        place = _place(db, request)
        found = _entry(request, place)
        picture = pictures.find(db, found.picture.id) if found.picture else None
    address = addresses.entry(found)
    if request.scope["path"] != unquote(address):
        return RedirectResponse(address, 301, headers={"Cache-Control": KEPT})
    twins = {one: twin for one in i18n.LOCALES if (twin := place.shelf.twin(found, one)) is not None}
    return _page(
        request,
        place,
        "help/entry.html",
        lambda: _told(place, found, picture, request.query_params.get("said", "")),
        {one: addresses.entry(twin) for one, twin in twins.items()},
    )


def _told(place: Place, found: bots.Entry, picture: Attachment | None, said: str) -> dict[str, Any]:
    address = place.base + addresses.entry(found)
    question = found.questions[0] if found.questions else found.title
    marked = str(escape(found.answer)).replace("\n", "<br>")  # search engines read HTML there
    answer = {"@type": "Answer", "text": marked}
    data: list[dict[str, Any]] = [
        {
            "@context": "https://schema.org",
            "@type": "FAQPage",
            "inLanguage": found.language,
            "url": address,
            "mainEntity": [{"@type": "Question", "name": question, "acceptedAnswer": answer}],
        }
    ]
    return {
        "entry": found,
        "question": question,
        "data": data,
        "picture": picture,
        "following": place.shelf.following(found),
        "topic": found.tags[0] if found.tags else "",
        "said": said if said in ("yes", "no", "counted") else "",
    }


def _entry(request: Request, place: Place) -> bots.Entry:
    number = addresses.number_in(str(request.path_params["entry"]))
    found = place.shelf.entry(number) if number else None
    if found is None or found.language != place.language:
        raise NotFound(request.path_params["entry"])
    return found


def rate(request: Request, form: FormData) -> Response:
    """Whether it helped; counted once a reader. It is a form of our own page that says so."""
    if not cookies.same_site(request.scope, settings().public_url):
        raise NotFound("help")
    with reading() as db:
        place = _place(db, request)
        found = _entry(request, place)
    said = text(form, "helped")
    if said not in ("yes", "no"):
        return RedirectResponse(addresses.entry(found), 303)
    host = request.client.host if request.client else ""
    if votes.counts(found.id, host, request.headers.get("user-agent", "")):
        with transaction() as db:
            votes.count(db, found.id, place.shelf.day, helped=said == "yes")
    else:
        said = "counted"
    return RedirectResponse(f"{addresses.entry(found)}?said={said}#rating", 303)


def picture(request: Request) -> Response:
    """The picture of an entry that anybody may read."""
    with reading() as db:
        place = _place(db, request)
        id = addresses.number_in(str(request.path_params["id"]))
        shown = {one.picture.id for one in place.shelf.entries if one.picture}
        found = pictures.find(db, id) if id in shown else None
    if found is None:
        raise NotFound("picture")
    response = files.sent(found, scaled=bool(request.query_params.get("scaled")), inline=True)
    response.headers["Cache-Control"] = "public, max-age=86400"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"  # the chat shows it, too
    return response


def sitemap(request: Request) -> Response:
    """Every page for search engines, with what says the same in the other language."""
    with reading() as db:
        place = _place(db, request)
    pages: list[dict[str, str]] = [{one: addresses.index(one) for one in i18n.LOCALES}]
    for one in place.shelf.entries:
        twins = {tongue: place.shelf.twin(one, tongue) for tongue in i18n.LOCALES}
        pages.append({tongue: addresses.entry(twin) for tongue, twin in twins.items() if twin})
    shown = {"base": place.base, "changed": place.shelf.changed, "pages": _once(pages)}
    return _kept(
        request, place, lambda: render("help/sitemap.xml", None, locale="en", **shown), "application/xml"
    )


def _once(pages: Sequence[dict[str, str]]) -> Sequence[dict[str, str]]:
    return list({tuple(sorted(one.items())): one for one in pages}.values())


def robots(request: Request) -> Response:
    """Search engines may read the help centre, and nothing else."""
    with reading() as db:
        on = general.help_centre(db).on
    base = settings().public_url or own_origin(request)
    lines = ["User-agent: *", *(["Allow: /help", "Allow: /static/"] if on else []), "Disallow: /"]
    lines += ["", f"Sitemap: {base}/help/sitemap.xml"] if on else []
    return Response("\n".join(lines) + "\n", media_type="text/plain", headers={"Cache-Control": KEPT})


# Answers that caches keep ------------------------------------------------------------------------------------


def _page(
    request: Request,
    place: Place,
    template: str,
    tell: Callable[[], dict[str, Any]],
    other: dict[str, str],
    *,
    caching: str = KEPT,
) -> Response:
    """The page, or that it is still the same. `other`: its addresses by language, its own among them."""

    def make() -> str:
        return render(
            template,
            None,
            locale=place.language,
            place=place,
            shop=place.shop,
            base=place.base,
            other=other,
            links=addresses,
            **tell(),
        )

    return _kept(request, place, make, HTML, caching)


def _kept(
    request: Request, place: Place, make: Callable[[], str], media_type: str, caching: str = KEPT
) -> Response:
    shelf = place.shelf
    told = (
        f"{shelf.book.version} {shelf.day} {place.house} {place.shop} {place.base} {digest()} {request.url}"
    )
    tag = f'W/"{blake2b(told.encode("utf-8", "replace"), digest_size=12).hexdigest()}"'
    headers = {
        "Cache-Control": caching,
        "ETag": tag,
        "Last-Modified": format_datetime(shelf.changed.replace(microsecond=0), usegmt=True),
        "Content-Language": place.language,
    }
    if _is_same(request, tag, shelf):
        return Response(status_code=304, headers={**headers, "Vary": "Accept-Encoding"})
    return compressed(request, make().encode(), media_type, headers)


def _is_same(request: Request, tag: str, shelf: Shelf) -> bool:
    """A tag says it for certain; only who knows none is believed a date (RFC 9110, 13.1.3)."""
    known = request.headers.get("if-none-match")
    if known is not None:
        return tag.removeprefix("W/") in known
    since = request.headers.get("if-modified-since", "")
    try:
        return bool(since) and shelf.changed.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (TypeError, ValueError, OverflowError):
        return False


HERE = "/help/{language}"
routes = [
    Route("/robots.txt", robots, methods=["GET"]),
    Route("/help", begin, methods=["GET"]),
    Route("/help/sitemap.xml", sitemap, methods=["GET"]),
    Route("/help/pictures/{id}", picture, methods=["GET"]),
    Route(HERE, index, methods=["GET"]),
    Route(f"{HERE}/others", topic, methods=["GET"]),
    Route(f"{HERE}/topics/{{topic:path}}", topic, methods=["GET"]),
    Route(f"{HERE}/{{entry}}", entry, methods=["GET"]),
    Route(f"{HERE}/{{entry}}/rating", with_form(rate), methods=["POST"]),
]
