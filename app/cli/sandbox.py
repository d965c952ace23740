"""`madoguchi sandbox`: the platforms, played on this machine."""

from __future__ import annotations

import socket

import click

from app import listener, logs
from app.config import settings
from app.sandbox.server import PORT, Options, run
from channels.telegram import signature

GIVEN = Options()
SHARED = {  # option → the name of the secret that the demo's channel has as well
    "line_secret": "line channel_secret",
    "line_token": "line access_token",
    "meta_secret": "instagram app_secret",
    "instagram_token": "instagram access_token",
    "shop_secret": "shop secret",
}


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=PORT, show_default=True, help="Port to listen on."
)
@click.option("--webhook", default=GIVEN.webhook, show_default=True, help="Where Madoguchi is.")
@click.option("--line-channel", default=GIVEN.line_channel, show_default=True, help="Channel ID of LINE.")
@click.option("--line-secret", default=GIVEN.line_secret, show_default=True, help="Channel secret of LINE.")
@click.option(
    "--line-token", default=GIVEN.line_token, show_default=True, help="Channel access token of LINE."
)
@click.option("--seed", type=int, help="Decides ids, and where misbehaviour strikes [another at each start].")
@click.option("--keep", default=GIVEN.keep, show_default=True, help="So many entries of its record are kept.")
@click.option("--fd", type=int, hidden=True, help="A listening socket inherited from the supervisor.")
@click.option("--own", is_flag=True, hidden=True, help="Use the secrets of this installation's demo.")
def sandbox(host: str, port: int, fd: int | None, own: bool, **given: str | int | None) -> None:
    """Play LINE, Instagram, Messenger, WhatsApp, X, Telegram, TikTok, WeChat and Twilio on a local port, to try
    Madoguchi without an account there, and to test it.

    \b
    Chat as a customer:    http://127.0.0.1:8100/
    Let Madoguchi use it:  MADOGUCHI_SANDBOX=http://127.0.0.1:8100 madoguchi serve

    A channel whose key begins with “sandbox-” then talks to it. What it accepted is at /record, what goes
    wrong is decided at /faults. It keeps everything in memory.
    """
    logs.set_up("warning", supervised=fd is not None)
    if own:
        given |= {option: settings().sandbox_secret(what) for option, what in SHARED.items()} | _bot()
    options = Options(port=port, **given)  # type: ignore[arg-type]
    if fd is not None:
        run(options, socket.socket(fileno=fd))
        return
    listening = listener.bind(host, port)
    click.echo(f"The sandbox is ready at http://127.0.0.1:{port}/  Ctrl-C stops it.")
    run(options, listening)


def _bot() -> dict[str, str]:
    """The token of the demo's Telegram bot, and what its webhooks carry."""
    id = GIVEN.telegram_token.partition(":")[0]
    token = f"{id}:{settings().sandbox_secret('telegram token')}"
    secret = signature.secret_of(settings().seal_key("sandbox-telegram"), token)
    return {"telegram_token": token, "telegram_secret": secret}
