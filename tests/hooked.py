"""What platforms of the sandbox call: a program of a test, or the product's web application, behind a real address."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from starlette.testclient import TestClient

from channels.base import Request

Said = tuple[int, str, bytes]  # status, content type, body


@contextmanager
def listening(hear: Callable[[Request], Said]) -> Iterator[str]:
    """The address at which `hear` answers requests, one after the other; the names of headers are in small letters."""
    one_by_one = threading.Lock()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            with one_by_one:
                status, kind, said = hear(Request(self.command, self.path, headers, {}, body))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST

        def log_message(self, format: str, *args: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def hooked(web: TestClient) -> Iterator[str]:
    """The address at which `web` hears webhooks, with the headers they came with."""

    def hear(request: Request) -> Said:
        kept = {name: value for name, value in request.headers.items() if name != "host"}
        answer = web.request(request.method, request.url, content=request.body, headers=kept)
        return answer.status_code, answer.headers.get("content-type", "text/plain"), answer.content

    with listening(hear) as url:
        yield url
