"""Faces and stickers, as the hosts of the platforms hand them out."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from app.sandbox import drawing

FOREVER = {"Cache-Control": "public, max-age=86400"}
LONGEST = 60  # letters of an id by which a face is drawn


async def face(request: Request) -> Response:
    """The face of the `id` in the path."""
    return face_of(request.path_params["id"])


async def sticker(request: Request) -> Response:
    """The sticker of the `id` in the path."""
    return _handed(drawing.sticker(str(request.path_params["id"])))


def face_of(id: str, shop: str = "shop") -> Response:
    """Somebody's face; the shop's mark for the id `shop`."""
    return _handed(drawing.mark() if id == shop else drawing.face(id[:LONGEST]))


def _handed(picture: bytes) -> Response:
    return Response(picture, media_type="image/png", headers=FOREVER)
