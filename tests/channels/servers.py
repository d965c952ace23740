"""A real HTTP server on the loopback, answering from a script."""

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from channels.base import Request


@dataclass
class Answer:
    """What to answer, after `wait` seconds; or nothing at all."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    wait: float = 0
    hang_up: bool = False


@dataclass
class Scripted:
    """`seen` collects the requests; each is answered by the next of `answers`, the last one for ever."""

    url: str = ""
    base: str = ""
    seen: list[Request] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=lambda: [Answer()])

    def next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def serving(*answers: Answer, tls: Path | None = None) -> Iterator[Scripted]:
    """A server that answers as told; with `tls`, a file of key and certificate, by HTTPS."""
    script = Scripted(answers=list(answers) or [Answer()])

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = dict(parse_qsl(urlsplit(self.path).query))
            script.seen.append(Request(self.command, self.path, headers, query, body))
            self.answer(script.next())

        do_GET = do_POST

        def answer(self, told: Answer) -> None:
            time.sleep(told.wait)
            self.close_connection = True
            if told.hang_up:
                return
            self.send_response_only(told.status)  # without a date of its own
            for name, value in {
                "Connection": "close",
                "Content-Length": str(len(told.body)),
                **told.headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)

        def log_message(self, *args: object) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """The client left first, which some tests want."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        script.base = f"http://127.0.0.1:{server.server_port}"
        script.url = f"{script.base}/in"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()
