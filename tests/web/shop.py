"""For browser tests of the widget: the application and, on another origin, a shop's page with a strict policy."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import uvicorn
from playwright.sync_api import BrowserContext, Error, FrameLocator, Page

from app import main, server
from tests.serving import free_port, until

PAGE = """<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>北風洋品店</title></head>
<body><h1>北風洋品店</h1>{scripts}</body></html>"""


class House:
    """The application on a port of its own; it can be stopped and started again, as in a restart."""

    def __init__(self) -> None:
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        config = uvicorn.Config(
            main.make(), host="127.0.0.1", port=self.port, log_config=None, ws="websockets-sansio"
        )
        self.server = server.Leaving(config, 0)
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        until(lambda: self.server.started, "the server is up")

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join()


class Shop:
    """The shop's own web server. `policy` is what its pages allow: our host, by name, and nothing inline."""

    def __init__(self, house: House, scripts: int = 1) -> None:
        script = f'<script async src="{house.base}/widget.js" data-channel="shop"></script>'
        ours = house.base
        policy = f"default-src 'none'; script-src {ours}; frame-src {ours}; connect-src {ours}"
        self.page = PAGE.format(scripts=script * scripts).encode()
        self.policy = f"{policy}; require-trusted-types-for 'script'"
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.send_header("content-security-policy", shop.policy)
                self.end_headers()
                self.wfile.write(shop.page)

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Window:
    """A browser window at the shop, with everything that went wrong in it noted."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.troubles: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda m: self.troubles.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.troubles.append(str(e)))
        self.page.on("request", lambda r: self.asked.append(r.url))
        self.page.goto(url)

    @property
    def chat(self) -> FrameLocator:
        return self.page.frame_locator("madoguchi-chat iframe")

    @property
    def launcher(self) -> Any:
        return self.page.locator("madoguchi-chat button")

    def open(self) -> Window:
        self.launcher.click()
        self.chat.locator("body[data-line=open]").wait_for()
        return self

    def say(self, text: str) -> None:
        self.chat.locator("#text").fill(text)
        self.chat.locator("#send").click()

    def call(self, *command: Any) -> None:
        """What the shop's own script would call."""
        self.page.evaluate("args => window.madoguchi(...args)", list(command))

    def texts(self) -> list[str]:
        return self.chat.locator(".m .t").all_inner_texts()

    def shows(self, text: str, count: int = 1) -> None:
        """Wait until exactly that many messages say `text`."""
        until(lambda: self._count(text) == count, f"{text!r} is shown {count} times")

    def _count(self, text: str) -> int:
        try:
            return self.texts().count(text)
        except Error:  # the frame is being loaded anew
            return -1
