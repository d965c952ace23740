"""What is there before the first customer: people, teams, channels, labels and a little FAQ, made by the verbs."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import knowledge, labels, passwords, people, switchboard
from app.bench.seeding.lives import Crew, Shop
from app.bench.seeding.rows import COUNTED
from app.bench.seeding.threads import Colleague, Way
from app.bot import answers
from app.db import Base
from app.knowledge import versions
from app.models import Agent, Channel
from channels import forms

DOMAIN = "bench.example"
SUPERVISOR, AGENT = f"supervisor@{DOMAIN}", f"agent@{DOMAIN}"  # who looks, when it is measured
TEAMS, IN_TEAM = 50, 4
SMALL, FREE = 0.015, 0.005  # share of the team of AGENT, and of the threads of no team: AGENT sees 2 %
LABELS = ("返品", "配送", "急ぎ", "不良品", "VIP", "請求", "在庫", "refund", "wholesale", "press")
WAYS = (  # kind, name, key, bot, language, share
    ("webchat", "オンラインストア", "bench-ja", True, "ja", 0.5),
    ("webchat", "Online store", "bench-en", True, "en", 0.15),
    ("api", "アプリ", "bench-app", False, "ja", 0.25),
    ("api", "Marketplace", "bench-market", False, "en", 0.1),
)
ENTRIES = (
    ("返品はできますか", "はい。到着から十四日以内に承っております。"),
    ("送料はいくらですか", "全国一律五百円、五千円以上で無料です。"),
    ("営業時間を教えてください", "午前十時から午後七時までです。"),
    ("領収書はもらえますか", "購入履歴から発行できます。"),
)


@dataclass(frozen=True)
class Made:
    """The shop, and how to look at it."""

    shop: Shop
    password: str


def make(db: Session, password: str) -> Made:
    """Everybody has the one `password` (told once, at the end of seeding)."""
    hashed = passwords.hashed(password)
    triage = _person(db, "supervisor", SUPERVISOR, "受付 さくら", hashed)
    crews = [_crew(db, number, hashed) for number in range(TEAMS)]
    tags = tuple((one.id, one.name) for one in (labels.add(db, triage, name, 210) for name in LABELS))
    entries = tuple((_entry(db, triage, title, words), title) for title, words in ENTRIES)
    versions.publish_all(db, triage)
    ways = tuple(
        (_way(db, kind, name, key, bot), language, share) for kind, name, key, bot, language, share in WAYS
    )
    by = Colleague(triage.id, triage.name)
    return Made(Shop(ways, tuple(crews), by, tags, entries, answers.version(db)), password)


def highest_ids(db: Session) -> dict[str, int]:
    """Of the tables that are counted on."""
    tables = {name: Base.metadata.tables[name] for name in COUNTED}
    return {name: db.scalar(select(func.max(table.c.id))) or 0 for name, table in tables.items()}


def _person(db: Session, role: str, email: str, name: str, hashed: str) -> Agent:
    made = Agent(email=email, name=name, role=role, password_hash=hashed)
    db.add(made)
    db.flush()
    return made


def _crew(db: Session, number: int, hashed: str) -> Crew:
    """Team 0 is the small one."""
    emails = [AGENT if number == one == 0 else f"agent{number}-{one}@{DOMAIN}" for one in range(IN_TEAM)]
    members = [
        _person(db, "agent", email, f"担当 {number:02}-{one}", hashed) for one, email in enumerate(emails)
    ]
    team = people.add_team(db, None, f"店舗 {number:02}", [one.id for one in members])
    share = SMALL if number == 0 else (1 - SMALL - FREE) / (TEAMS - 1)
    return Crew(team.id, team.name, tuple(Colleague(one.id, one.name) for one in members), share)


def _entry(db: Session, by: Agent, title: str, words: str) -> int:
    given = {"title": title, "language": "ja", "questions": title, "answer": words, "links": ""}
    given |= {"quick_replies": "", "tags": "", "enabled": "1"}
    return knowledge.save_entry(db, by, None, knowledge.entry_data(given)).id


def _way(db: Session, kind: str, name: str, key: str, bot: bool) -> Way:
    answered = {one.name: one.default for one in forms.fields(kind) if not one.secret}
    secret = {"identity_secret" if kind == "webchat" else "secret": "a secret of the benchmark, 32 letters"}
    made: Channel = switchboard.add_channel(db, kind, name, {**answered, **secret}, key, bot=bot)
    made.health = "ok"
    return Way(made.id, made.key, live=kind == "webchat", bot=bot)
