"""``/static/<digest>/…``: our own files, kept by browsers for a year under a name that tells content."""

import mimetypes
from email.utils import formatdate
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from app import render

FOREVER = "public, max-age=31536000, immutable"
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}


def file(request: Request) -> Response:
    """A static file; an outdated digest still answers (a page from before an update), but is not kept."""
    path = _inside(request.path_params["path"])
    if path is None:
        return PlainTextResponse("Not found", 404)
    current = request.path_params["digest"] == render.digest()
    tag = _etag(path, path.stat().st_mtime_ns)
    headers = {
        "Cache-Control": FOREVER if current else "no-cache",
        "ETag": tag,
        "Last-Modified": formatdate(path.stat().st_mtime, usegmt=True),
        "X-Content-Type-Options": "nosniff",
        # The widget's iframe is sandboxed: its origin is opaque, and ES modules are fetched with CORS.
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return FileResponse(path, headers=headers, media_type=kind)


def _inside(name: str) -> Path | None:
    """The file of that name within ``static/``, or nothing: no climbing out, no hidden files, no folders."""
    root = render.STATIC.resolve()
    if "\0" in name or any(part.startswith(".") for part in name.split("/")):
        return None
    path = (root / name).resolve()
    return path if path.is_relative_to(root) and path.is_file() else None


@lru_cache(maxsize=4096)
def _etag(path: Path, _changed: int) -> str:
    return f'"{blake2b(path.read_bytes(), digest_size=8).hexdigest()}"'


routes = [Route("/static/{digest}/{path:path}", file, methods=["GET"])]
