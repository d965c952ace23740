"""Pages of other people's sites, with our widget on them, served from an origin of their own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Host:
    """A site. `pages`: path → (HTML, headers); any other path is the plain page with the loader."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.pages: dict[str, tuple[str, dict[str, str]]] = {}
        self.desk = ""

    def loader(self, key: str = "shop", locale: str = "ja") -> str:
        """The one line a shop pastes."""
        return (
            f'<script async src="{self.desk}/widget.js" data-channel="{key}" data-locale="{locale}"></script>'
        )

    def page(self, path: str) -> tuple[str, dict[str, str]]:
        locale = "en" if path.startswith("/en") else "ja"
        plain = (
            f'<!doctype html><html lang="{locale}"><head><meta charset="utf-8"><title>北風洋品店 {path}</title>'
            f'<link rel="icon" href="data:,">{self.loader(locale=locale)}</head><body><h1>北風洋品店</h1></body></html>'
        )
        return self.pages.get(path, (plain, {}))


@contextmanager
def hosting() -> Iterator[Host]:
    """A site on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            html, headers = host.page(self.path.split("?")[0])
            body = html.encode()
            self.send_response(200)
            for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    host = Host(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
