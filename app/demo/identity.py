"""What the demo shop's own server does for customers who signed in on its pages: vouch for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from app import vault
from app.demo.script import Talk
from app.demo.shop import told
from app.models import Channel

LASTS = timedelta(minutes=10)
EVERYWHERE = "佐々木 真理"  # who is met in the chat, on LINE, by mail, on the telephone and in the store


@dataclass(frozen=True)
class Account:
    """A customer's account at the shop: `user` is its id there."""

    user: str
    name: str
    email: str = ""
    phone: str = ""
    language: str = "ja"

    @property
    def points(self) -> int:
        """Loyalty points, always the same for the same person."""
        return int(self.user[2:]) * 37 % 4800

    @property
    def rank(self) -> str:
        """The member's rank."""
        return "ゴールド" if self.points > 2400 else "レギュラー"


def accounts() -> list[Account]:
    """Everybody of the talks who has an account at the shop."""
    found = [(language, about) for language in ("ja", "en") for about in told(f"talks.{language}")["talk"]]
    return [
        Account(about["user"], about["name"], about.get("email", ""), about.get("phone", ""), language)
        for language, about in found
        if about.get("user")
    ]


def of(talk: Talk) -> Account:
    """The account of the customer of a talk."""
    return Account(talk.user, talk.name, talk.email, talk.phone, talk.language)


def sign(account: Account, channel: Channel, at: datetime) -> str:
    """A JWT (RFC 7519, HS256) as any shop's backend would make it: who this is, for this chat, for ten minutes."""
    claims = {
        "sub": account.user,
        "aud": channel.key,
        "iat": int(at.timestamp()),
        "exp": int((at + LASTS).timestamp()),
        "name": account.name,
        "email": account.email,
        "phone": account.phone,
        "locale": account.language,
        "attributes": {"会員ランク": account.rank, "ポイント": str(account.points)},
    }
    return jwt.encode(claims, str(vault.unseal(channel.secrets)["identity_secret"]), "HS256")
