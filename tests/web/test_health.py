"""Liveness, readiness and numbers, as load balancers and Prometheus ask for them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import anyio.to_thread
import httpx2
import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

import app.db
from app import jobs, main
from app.config import settings

pytestmark = pytest.mark.usefixtures("committed")


@pytest.fixture
def client() -> TestClient:
    """The application, without its lifespan: nobody listens to the live feed."""
    return TestClient(main.make(), base_url="http://127.0.0.1:8000")


def numbers(client: TestClient) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted((k, v) for k, v in sample.labels.items() if k != "pid"))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_liveness_looks_at_nothing_but_the_process(client: TestClient, tmp_path: Path) -> None:
    app.db.configure(f"sqlite:///{tmp_path / 'missing' / 'x.db'}")
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["state"]) == (200, "ok")


def test_liveness_answers_while_every_thread_waits_for_the_database() -> None:
    async def ask() -> int:
        threads = anyio.to_thread.current_default_thread_limiter()
        threads.total_tokens = 1
        transport = httpx2.ASGITransport(main.make())
        async with (
            threads,
            httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as asker,
        ):
            return (await asyncio.wait_for(asker.get("/healthz"), 2)).status_code

    assert asyncio.run(ask()) == 200


def test_without_worker_and_clock_it_is_degraded_but_serves(client: TestClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    told = answer.json()
    assert told["state"] == "degraded"
    assert {name: told[name]["state"] for name in ("database", "migrations", "redis")} == {
        "database": "ok",
        "migrations": "current",
        "redis": "ok",
    }
    assert told["workers"] == {"state": "missing", "count": 0}


def test_with_everything_there_it_is_ready(client: TestClient) -> None:
    with jobs.pulse("worker"), jobs.pulse("poll"):
        while client.get("/readyz").json()["state"] != "ok":
            pass
    assert client.get("/readyz").json()["workers"]["state"] == "missing"  # they said goodbye


def test_a_silent_redis_is_told_and_takes_no_page_down(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = redis.Redis.from_url("unix:///nowhere/redis.sock")
    monkeypatch.setattr(jobs, "connection", lambda: nowhere)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["redis"] == {"state": "down"}
    assert client.get("/metrics").status_code == 200


def test_a_database_that_is_away_or_not_migrated_takes_it_out_of_service(
    client: TestClient, tmp_path: Path
) -> None:
    app.db.configure(f"sqlite:///{tmp_path / 'missing' / 'x.db'}")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["state"]) == (503, "down")
    assert str(tmp_path) not in answer.text
    app.db.configure(f"sqlite:///{tmp_path / 'empty.db'}")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["migrations"]["state"]) == (503, "empty")
    assert client.get("/metrics").status_code == 200


def test_requests_are_timed_by_handler_and_not_by_address(client: TestClient) -> None:
    client.get("/healthz")
    client.get("/login?next=/conversations/12")
    client.request("BREW", "/healthz")
    told = numbers(client)
    labels = (("method", "GET"), ("place", "health.healthz"), ("status", "2xx"))
    assert told["madoguchi_http_seconds_count", labels] >= 1
    text = client.get("/metrics").text
    assert "conversations/12" not in text
    assert "BREW" not in text


def test_numbers_of_the_database_are_told(client: TestClient) -> None:
    told = numbers(client)
    assert told["madoguchi_messages", ()] == 0
    assert told["madoguchi_deliveries", (("state", "queued"),)] == 0
    assert told["madoguchi_receipts", (("state", "failed"),)] == 0
    assert told["madoguchi_processes", (("name", "worker"),)] == 0


def test_nothing_secret_is_told(client: TestClient) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        text = client.get(path).text
        assert settings().redis_url not in text
        assert str(settings().data_dir) not in text
