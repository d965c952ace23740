"""The sentence model on the evaluation page: compared, switched on where it is measurably better, switched off."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import knowledge, meaning
from app.config import settings
from app.db import transaction
from app.models import KnowledgeRun
from app.proving import modelled, runs
from app.proving.gains import Gain
from app.web.knowledge import EDITORS
from app.web.pages import done, require_role, with_form, words

EVALUATION = "/settings/knowledge/evaluation"
HERE = f"{EVALUATION}/model"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page says of the model: its name here ("": none), why not, whether the draft uses one, and whether that
    one is here; the latest comparison, and whether it still holds."""

    name: str
    trouble: str
    used: str
    run: KnowledgeRun | None
    result: dict[str, Any] | None
    gain: Gain | None
    stale: bool

    @property
    def here(self) -> bool:
        """Whether the model that the draft uses is the one of this process."""
        return self.used == self.name


def shown(request: Request, db: Session) -> Shown | None:
    """None where no model is named and none is used: then nothing is said of models."""
    used = str(knowledge.stored_settings(db).get("embeddings", ""))
    if not (used or settings().embeddings):
        return None
    name, missing = meaning.state()
    run = runs.latest(db, runs.MODEL)
    result = run.result if run and run.state == "done" and run.result.get("gain") else None
    return Shown(
        name,
        words(request, missing.sentence, **missing.values) if missing else "",
        used,
        run,
        result,
        modelled.gain_of(result) if result else None,
        stale=run is not None and run.state == "done" and run.draft != modelled.key(db, name),
    )


def compare(request: Request, _form: FormData) -> Response:
    """Measure the draft with the model and without it."""
    require_role(request, *EDITORS)
    with transaction() as db:
        modelled.begin(db, request.state.viewer)
    return done(request, f"{EVALUATION}#model")


def switch_on(request: Request, _form: FormData) -> Response:
    """Use it in the draft."""
    require_role(request, *EDITORS)
    try:
        with transaction() as db:
            modelled.switch_on(db, request.state.viewer)
    except modelled.Unproved as refused:
        return done(request, f"{EVALUATION}#model", words(request, str(refused)))
    return done(
        request, EVALUATION, words(request, "The draft uses the model. Publish it, and the bot does.")
    )


def switch_off(request: Request, _form: FormData) -> Response:
    """Use it in the draft no more."""
    require_role(request, *EDITORS)
    with transaction() as db:
        modelled.switch_off(db, request.state.viewer)
    return done(
        request, EVALUATION, words(request, "The draft goes by words alone. Publish it, and the bot does.")
    )


routes = [
    Route(HERE, with_form(compare), methods=["POST"]),
    Route(f"{HERE}/on", with_form(switch_on), methods=["POST"]),
    Route(f"{HERE}/off", with_form(switch_off), methods=["POST"]),
]
