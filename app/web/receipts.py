"""Raw receipts, for admins: `/settings/receipts`. What could not be read stays here until it can."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import intake, receipts
from app.db import reading, transaction
from app.events import record
from app.models import Channel, RawReceipt
from app.text import clean
from app.web.pages import done, number, page, path_id, require_role, text, with_form, words

LIST = "/settings/receipts"
VIEW_NAMES = {
    "trouble": "Not taken in", "failed": "Could not be read", "refused": "Refused",
    "left_out": "Left out", "all": "All requests",
}  # fmt: skip
SHOWN = 20_000  # bytes of a body that are shown; the download has them all
AT_ONCE = 200  # receipts that one press of the button reads again


def show_all(request: Request) -> Response:
    """One page of a view, the newest first; ``?channel=`` narrows it."""
    require_role(request, "admin")
    asked = request.query_params
    view = asked.get("view", "trouble")
    channel_id = number(asked.get("channel"))
    with reading() as db:
        found = receipts.page(db, view, channel_id=channel_id, after=number(asked.get("after")))
        channels = db.scalars(select(Channel).order_by(Channel.name)).all()
        failed = bool(receipts.to_read_again(db, channel_id, 1))
    return page(
        request,
        "settings/receipts.html",
        section="receipts",
        rows=found.rows,
        after=found.after,
        first="after" not in asked,
        view=view,
        views=[(key, words(request, name)) for key, name in VIEW_NAMES.items()],
        channel_id=channel_id,
        channels=channels,
        names={one.id: one.name for one in channels},
        failed=failed,
        telling=receipts.telling,
    )


def show(request: Request) -> Response:
    """A receipt with what became of it; its body as text, whatever it is."""
    require_role(request, "admin")
    with reading() as db:
        receipt = receipts.one(db, path_id(request))
        messages = receipts.messages_of(db, receipt)
        channel = db.get(Channel, receipt.channel_id)
    letter = receipts.letter(receipt, channel)
    return page(
        request,
        "settings/receipts_receipt.html",
        section="receipts",
        receipt=receipt,
        channel=channel,
        messages=messages,
        letter=letter,
        again=receipt.state in ("failed", "new") or receipts.lacking(receipt, messages) is not None,
        beginning=clean(receipt.body[:SHOWN].decode("utf-8", "replace")),
        size=len(receipt.body),
        cut=len(receipt.body) > SHOWN,
    )


def original(request: Request) -> Response:
    """The body byte for byte (a mail: as it was written), as a download that no browser opens."""
    require_role(request, "admin")
    with reading() as db:
        receipt = receipts.one(db, path_id(request))
        letter = receipts.letter(receipt, db.get(Channel, receipt.channel_id))
    kind, ending = ("message/rfc822", "eml") if letter else ("application/octet-stream", "bin")
    return Response(
        letter.raw if letter else receipt.body,
        media_type=kind,
        headers={
            "Content-Disposition": f'attachment; filename="receipt-{receipt.id}.{ending}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Cache-Control": "no-store",
        },
    )


def read_again(request: Request, _form: FormData) -> Response:
    """Make of a receipt what can be made of it now."""
    require_role(request, "admin")
    with reading() as db:
        before = receipts.one(db, path_id(request))
        anew = receipts.lacking(before, receipts.messages_of(db, before)) is not None
    after, well = _read(before, anew=anew)
    with transaction() as db:
        note_reading(db, request, [after])
    told = _SAME if anew and not well else _READ.get(after.state, _READ["refused"])
    return done(request, f"{LIST}/{after.id}", words(request, told))


def _read(before: RawReceipt, *, anew: bool) -> tuple[RawReceipt, bool]:
    """The receipt after it was read again, and whether that told anything."""
    if anew:
        again = intake.read_anew(before.id)
        return again.receipt, again.message is not None
    after = intake.read_receipt(before.id) if before.state in ("new", "failed") else before
    return after, after.state == "parsed"


_SAME = "It still cannot be read. Nothing has changed."
_READ = {
    "parsed": "It was read. What became of it stands below.",
    "failed": "It still cannot be read. The reason stands below; nothing is lost.",
    "new": intake.LEFT,
    "refused": "What was refused is not read: nobody proved that the provider sent it.",
}


def read_all_again(request: Request, form: FormData) -> Response:
    """The same for all that failed, the oldest first; of one channel, if one is chosen."""
    require_role(request, "admin")
    channel_id = number(text(form, "channel"))
    with reading() as db:
        ids = receipts.to_read_again(db, channel_id, AT_ONCE)
        before = [receipts.one(db, id) for id in ids]
    read = [_read(one, anew=one.state == "parsed") for one in before]
    with transaction() as db:
        note_reading(db, request, [one for one, _ in read])
    well = sum(told for _, told in read)
    said = words(request, "%(well)s of %(all)s could be read now.", well=well, all=len(read))
    return done(request, f"{LIST}?channel={channel_id}" if channel_id else LIST, said)


def note_reading(db: Session, request: Request, read: list[RawReceipt]) -> None:
    """Say in the audit trail who had these read again."""
    told: dict[str, Any] = {"receipts": [one.id for one in read], "states": [one.state for one in read]}
    record(db, "audit.receipt_read", agent=request.state.viewer, **told)


routes = [
    Route(LIST, show_all, methods=["GET"]),
    Route(f"{LIST}/reading", with_form(read_all_again), methods=["POST"]),
    Route(f"{LIST}/{{id}}", show, methods=["GET"]),
    Route(f"{LIST}/{{id}}/original", original, methods=["GET"]),
    Route(f"{LIST}/{{id}}/reading", with_form(read_again), methods=["POST"]),
]
