"""The sandbox as a program: one process, one event loop, everything in memory."""

from __future__ import annotations

import secrets
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.sandbox.control import Control
from app.sandbox.house import House, Platform
from app.sandbox.line import Line
from app.sandbox.meta import App, Graph, Instagram, Messenger, WhatsApp
from app.sandbox.phones import Phones
from app.sandbox.shop import HOST as SHOP
from app.sandbox.shop import Shop
from app.sandbox.telegram import Telegram
from app.sandbox.tiktok import TikTok
from app.sandbox.tiktok.account import App as TikTokApp
from app.sandbox.twilio import Twilio
from app.sandbox.wechat import WeChat
from app.sandbox.wechat.sealing import Secrets
from app.sandbox.x import X
from app.sandbox.x.account import App as XApp

PORT = 8100
META_APP = "1234567890123456"
TIKTOK_APP = "7412345678901234567"
X_APP = "U2FuZGJveFhDbGllbnQ6MTpjaQ"


@dataclass(frozen=True)
class Options:
    """What is said on the command line. `webhook`: where the product is; a platform's webhooks go to its
    `/hooks/…`. Without a `seed` every start has ids of its own: the product takes none for one it knows."""

    port: int = PORT
    webhook: str = "http://127.0.0.1:8000"
    seed: int | None = None
    keep: int = 100_000
    line_channel: str = "1650000000"
    line_secret: str = "sandbox-line-secret"
    line_token: str = "sandbox-line-token"
    meta_secret: str = "sandbox-meta-secret"
    instagram_token: str = "sandbox-instagram-token"
    messenger_token: str = "sandbox-messenger-token"
    whatsapp_token: str = "sandbox-whatsapp-token"
    telegram_token: str = "7312456780:sandbox-telegram-token"
    telegram_secret: str = ""
    wechat_app: str = "wx0123456789abcdef"
    wechat_secret: str = "sandbox-wechat-secret"
    wechat_token: str = "SandboxWeChatToken"
    wechat_key: str = "SandboxWeChatEncodingAESKey0123456789abcdef"
    twilio_account: str = "AC5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a"
    twilio_token: str = "sandbox-twilio-token"
    tiktok_secret: str = "sandbox-tiktok-secret"
    tiktok_token: str = "sandbox-tiktok-token"
    tiktok_refresh: str = "sandbox-tiktok-refresh"
    x_secret: str = "sandbox-x-client-secret"
    x_bearer: str = "sandbox-x-bearer"
    x_token: str = "sandbox-x-token"
    x_refresh: str = "sandbox-x-refresh"
    shop_secret: str = "sandbox-shop-secret"


class Abrupt(HttpToolsProtocol):
    """uvicorn's HTTP protocol; a request may close its connection without an answer."""

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if self.cycle is not None:
            self.cycle.scope["state"]["hang_up"] = self.transport.close


class Server(uvicorn.Server):
    """uvicorn's server; asked to stop, it first tells the pages, whose streams would never end."""

    def __init__(self, config: uvicorn.Config, leaving: Callable[[], None]) -> None:
        super().__init__(config)
        self._leaving = leaving

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._leaving()
        await super().shutdown(sockets)


def platforms(house: House, options: Options) -> dict[str, Platform]:
    """Every platform there is, by name."""
    line = Line(
        house,
        f"{options.webhook}/hooks/sandbox-line",
        options.line_channel,
        options.line_secret,
        options.line_token,
    )
    graph = Graph(house, App(META_APP, options.meta_secret))
    meta = (
        Instagram(house, f"{options.webhook}/hooks/sandbox-instagram", graph, options.instagram_token),
        Messenger(house, f"{options.webhook}/hooks/sandbox-messenger", graph, options.messenger_token),
        WhatsApp(house, f"{options.webhook}/hooks/sandbox-whatsapp", graph, options.whatsapp_token),
    )
    telegram = Telegram(
        house, f"{options.webhook}/hooks/sandbox-telegram", options.telegram_token, options.telegram_secret
    )
    app = TikTokApp(TIKTOK_APP, options.tiktok_secret, options.tiktok_token, options.tiktok_refresh)
    tiktok = TikTok(house, f"{options.webhook}/hooks/sandbox-tiktok", app)
    twilio = Twilio(
        house, f"{options.webhook}/hooks/sandbox-twilio", options.twilio_account, options.twilio_token
    )
    wechat = WeChat(
        house,
        f"{options.webhook}/hooks/sandbox-wechat",
        Secrets(options.wechat_app, options.wechat_token, options.wechat_key),
        options.wechat_secret,
    )
    x_app = XApp(X_APP, options.x_secret, options.x_bearer, options.x_token, options.x_refresh)
    x = X(house, f"{options.webhook}/hooks/sandbox-x", x_app)
    return {one.name: one for one in (line, *meta, x, telegram, wechat, twilio, tiktok)}


def build(house: House, played: Mapping[str, Platform], phones: Phones, shop: Shop) -> Starlette:
    """The application: a mount per host of each platform, the JSON doors and the phones."""
    hosts = {host: doors for platform in played.values() for host, doors in platform.hosts().items()}
    hosts[SHOP] = shop.doors()
    mounts = [Mount(f"/{host}", routes=doors) for host, doors in hosts.items()]

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        for platform in played.values():
            await platform.hooks.close()

    return Starlette(routes=[*mounts, *Control(house, played).routes(), *phones.routes()], lifespan=lifespan)


def server(options: Options) -> Server:
    """A server of a new sandbox, not running yet; give it a listening socket."""
    house = House(f"http://127.0.0.1:{options.port}", _seed(options), options.keep)
    played = platforms(house, options)
    phones = Phones(house, played)
    config = uvicorn.Config(
        build(house, played, phones, Shop(options.shop_secret)),
        http=Abrupt,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return Server(config, phones.leave)


def _seed(options: Options) -> int:
    return secrets.randbits(32) if options.seed is None else options.seed


def run(options: Options, listening: socket.socket) -> None:
    """Serve on the bound socket until SIGINT or SIGTERM."""
    server(options).run(sockets=[listening])
