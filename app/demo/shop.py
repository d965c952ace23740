"""The shop: its people, teams, hours, labels, ready replies and channels, as ``shop.toml`` tells them."""

from __future__ import annotations

import secrets
import tomllib
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import canned, labels, switchboard
from app import people as staff
from app.config import settings
from app.db import as_of
from app.models import Agent, CannedReply, Channel, Label, Setting, Team

CHANNEL = "demo"  # the key of the chat on the shop's pages
DESK = "demo-desk"  # the key of the channel by which store visits are told
PHONE = "demo-phone"  # and of the telephone line
MAIL = "demo-mail"  # and of the mailbox
LINE = "sandbox-line"  # the key of the LINE account that the sandbox plays
INSTAGRAM = "sandbox-instagram"  # and of the Instagram account
TELEGRAM = "sandbox-telegram"  # and of the Telegram bot
SYSTEM = "sandbox-shop"  # and of the shop's own system
PLAYED = {  # which of its answers are secrets that this installation shares with its sandbox, and how they begin
    LINE: {"channel_secret": "", "access_token": ""},
    INSTAGRAM: {"app_secret": "", "access_token": "", "verify_token": ""},
    TELEGRAM: {"token": "7312456780:"},
    SYSTEM: {"secret": ""},
}
ADMIN = "kitagawa"  # who set everything up
HERE = Path(__file__).parent


@cache
def told(name: str) -> dict[str, Any]:
    """What one of the TOML files beside this module says."""
    return tomllib.loads((HERE / f"{name}.toml").read_text("utf-8"))


def password() -> str:
    """Everybody's password. It is no secret: whoever loads the demo wants to be tried."""
    return str(told("shop")["password"])


def make(db: Session, begun: datetime) -> dict[str, Agent]:
    """The shop as it was before the week began; returns its people by the names the talks use."""
    with as_of(begun - timedelta(days=30)):
        people = {name: _person(db, about) for name, about in told("shop")["people"].items()}
        for name, members in told("shop")["teams"].items():
            _team(db, name, [people[member].id for member in members])
        admin = people[ADMIN]
        for name, hue in told("shop")["labels"].items():
            if db.scalar(select(Label).filter_by(name=name)) is None:
                labels.add(db, admin, name, hue)
        for about in told("shop")["canned"]:
            if db.scalar(select(CannedReply).filter_by(shortcut=about["shortcut"])) is None:
                canned.save(db, admin, None, canned.Typed(**about))
        _settings(db)
        for key, about in told("shop")["channels"].items():
            _channel(db, key, about)
        db.flush()
    return people


def channel(db: Session, key: str = CHANNEL) -> Channel | None:
    """One of the demo's channels; None where it is not loaded."""
    return db.scalar(select(Channel).filter_by(key=key))


def _person(db: Session, about: dict[str, str]) -> Agent:
    known = staff.by_email(db, about["email"])
    told: dict[str, Any] = {**about}
    return known or staff.add(db, None, password=password(), **told)


def _team(db: Session, name: str, members: list[int]) -> None:
    if db.scalar(select(Team).filter_by(name=name)) is None:
        staff.add_team(db, None, name, members)


def _settings(db: Session) -> None:
    """What the installation is called and when it is open, unless somebody has said so already."""
    for key, value in (("shop", {"name": told("shop")["name"]}), ("hours", told("shop")["hours"])):
        if db.get(Setting, key) is None:
            db.add(Setting(key=key, value=value))


def _channel(db: Session, key: str, about: dict[str, Any]) -> None:
    if channel(db, key) is not None:
        return
    if key in PLAYED and not settings().sandbox:
        return
    answers = {
        name: secrets.token_urlsafe(32) if name in ("secret", "identity_secret", "push_secret") else value
        for name, value in about["answers"].items()
    }
    answers = {**_defaults(about["kind"]), **answers, **_shared(key)}
    if key == LINE:
        answers |= {"login_url": f"{settings().public_url}/demo/mypage", "basic_id": "@kitakaze"}
    made = switchboard.add_channel(db, about["kind"], about["name"], answers, key)
    made.bot_enabled = key == CHANNEL or key in PLAYED
    made.health = "ok" if made.bot_enabled else "unknown"


def _shared(key: str) -> dict[str, str]:
    """What the sandbox of this installation signs with and lets in."""
    platform = key.removeprefix("sandbox-")
    begun = PLAYED.get(key, {})
    return {name: begin + settings().sandbox_secret(f"{platform} {name}") for name, begin in begun.items()}


def _defaults(kind: str) -> dict[str, Any]:
    """A form as it is before anybody answers; a box ticked by default is ticked."""
    from channels import forms

    return {made.name: made.default for made in forms.fields(kind) if not made.secret}
