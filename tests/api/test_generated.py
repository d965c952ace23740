"""Requests made up from the document, right and wrong ones: no failure of ours, and every answer is as documented."""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.web.api import document, door
from tests import engines
from tests.api.calling import Program, program
from tests.attack.scene import Scene, build, unharmed

# A stream has no end; of an upload only the file could be made up, which tests/hostile does.
LEFT_OUT = {("get", "/api/v1/events/stream"), ("post", "/api/v1/attachments")}
EXAMPLES = 3  # of each operation and each sort
CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]


@pytest.mark.skipif(engines.WHICH != "sqlite", reason="what is made up is the same on both engines")
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
@pytest.mark.usefixtures("committed")
def test_every_answer_is_as_the_document_says(mode: GenerationMode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "LIMIT", 1_000_000)
    scene = build()
    caller = program(scene.admin)
    schema = schemathesis.openapi.from_dict(json.loads(document.document()))
    tried = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if (operation.method, operation.path) not in LEFT_OUT:
            tried += try_out(operation, mode, caller, scene)
    assert tried > 200


def try_out(operation: Any, mode: GenerationMode, caller: Program, scene: Scene) -> int:
    tried = 0

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Case[Any]) -> None:
        nonlocal tried
        tried += 1
        if tried % 3 and mode is GenerationMode.POSITIVE:
            name_things_there_are(case, scene)
        asked = case.as_transport_kwargs(base_url="http://testserver")
        asked = {name: value for name, value in asked.items() if value is not None and name != "cookies"}
        if isinstance(asked.get("data"), bytes | str):
            asked["content"] = asked.pop("data")
        headers = {**asked["headers"], **caller.headers}
        asked["headers"] = {name: value.encode("latin-1", "replace") for name, value in headers.items()}
        answer = caller.request(**asked)
        unharmed(answer, (case.method, asked["url"]))
        case.validate_response(answer, checks=CHECKS)

    check()
    return tried


def name_things_there_are(case: Case[Any], scene: Scene) -> None:
    """Numbers made up are nobody's: most cases should meet something."""
    nouns = {
        "conversation": "conversation",
        "message": "message",
        "escalation": "escalations",
        "label": "labels",
    }
    nouns |= {"entry": "faq", "rule": "rules", "form": "flows", "team": "teams", "agent": "people"}
    for name in case.path_parameters:
        case.path_parameters[name] = scene.ids.get(nouns.get(name.removesuffix("_id"), ""), 1)
