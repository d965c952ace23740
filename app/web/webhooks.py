"""Webhooks, for admins: `/settings/webhooks`. Who is told of events, what became of it, and telling it again."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import webhooks
from app.db import now, reading, transaction
from app.inbox import Refused
from app.models import Webhook
from app.render import zone_of
from app.text import clean
from app.web import webhook_words
from app.web.pages import done, errors_of, number, page, path_id, require_role, text, with_form, words
from app.webhooks import TEST_KIND
from app.webhooks.kinds import ASKED
from app.webhooks.subscriptions import MAX_NAME, MAX_URL

LIST = "/settings/webhooks"
STATE_NAMES = {
    "": "All deliveries", "queued": "Waiting", "sending": "Being sent", "sent": "Taken", "failed": "Given up",
    "skipped": "Left out",
}  # fmt: skip


def show_all(request: Request) -> Response:
    """Every webhook, and how it is doing."""
    require_role(request, "admin")
    with reading() as db:
        hooks = webhooks.all_hooks(db)
    return _page(request, "webhooks", hooks=hooks)


def show_new(request: Request) -> Response:
    require_role(request, "admin")
    return _form(request, None, {"name": "", "url": "", "kinds": []})


def create(request: Request, form: FormData) -> Response:
    """A new webhook. Its secret is on the answer, and nowhere after it."""
    require_role(request, "admin")
    values = _values(form)
    try:
        _check_ticked(form, values)
        with transaction() as db:
            made, secret = webhooks.add(db, request.state.viewer, **values)
    except webhooks.Wrong as wrong:
        return _form(request, None, values, 422, errors=errors_of({wrong.field: wrong.sentence}, request))
    return _page(request, "webhooks_key", hook=made, secret=secret, rotated=False)


def show(request: Request) -> Response:
    require_role(request, "admin")
    with reading() as db:
        hook = _hook(db, request)
    return _form(request, hook, {"name": hook.name, "url": hook.url, "kinds": hook.kinds})


def save(request: Request, form: FormData) -> Response:
    """Another name, address or choice of events."""
    require_role(request, "admin")
    values = _values(form)
    try:
        _check_ticked(form, values)
        with transaction() as db:
            hook = _hook(db, request, held=True)
            webhooks.change(db, request.state.viewer, hook, **values)
    except webhooks.Wrong as wrong:
        with reading() as db:
            hook = _hook(db, request)
        return _form(request, hook, values, 422, errors=errors_of({wrong.field: wrong.sentence}, request))
    return done(request, f"{LIST}/{hook.id}", words(request, "Saved."))


def remove(request: Request, _form_data: FormData) -> Response:
    require_role(request, "admin")
    with transaction() as db:
        hook = _hook(db, request, held=True)
        webhooks.remove(db, request.state.viewer, hook)
    return done(request, LIST, words(request, "“%(name)s” was removed.", name=hook.name))


def activate(request: Request, form: FormData) -> Response:
    """Switch it on: with what it missed, or from now on."""
    require_role(request, "admin")
    with transaction() as db:
        hook = _hook(db, request, held=True)
        webhooks.switch_on(db, request.state.viewer, hook, catch_up=bool(text(form, "catch_up")))
    return done(request, f"{LIST}/{hook.id}", words(request, "“%(name)s” is switched on.", name=hook.name))


def deactivate(request: Request, _form_data: FormData) -> Response:
    require_role(request, "admin")
    with transaction() as db:
        hook = _hook(db, request, held=True)
        webhooks.switch_off(db, request.state.viewer, hook)
    return done(request, f"{LIST}/{hook.id}", words(request, "“%(name)s” is switched off.", name=hook.name))


def rotate(request: Request, _form_data: FormData) -> Response:
    """A new key, shown this once; for a day the old one signs too."""
    require_role(request, "admin")
    with transaction() as db:
        hook = _hook(db, request, held=True)
        secret = webhooks.rotate(db, request.state.viewer, hook)
    return _page(request, "webhooks_key", hook=hook, secret=secret, rotated=True)


def forget(request: Request, _form_data: FormData) -> Response:
    """The old key signs no more."""
    require_role(request, "admin")
    with transaction() as db:
        hook = _hook(db, request, held=True)
        webhooks.forget_old_key(db, request.state.viewer, hook)
    return done(request, f"{LIST}/{hook.id}", words(request, "Only the newest key signs now."))


def test(request: Request, _form_data: FormData) -> Response:
    """Send a test event, and show what came of it. Calls out, so no transaction is held meanwhile."""
    require_role(request, "admin")
    with transaction() as db:
        row = webhooks.prepare_test(db, _hook(db, request))
    webhooks.send_test(row.id)
    return done(request, f"{LIST}/{row.webhook_id}/deliveries/{row.id}")


def log(request: Request) -> Response:
    """One page of the deliveries, the newest first; ``?state=`` narrows it."""
    require_role(request, "admin")
    asked = request.query_params
    state = asked.get("state", "")
    with reading() as db:
        hook = _hook(db, request)
        found = webhooks.log(db, hook, state, after=number(asked.get("after")))
    return _page(
        request, "webhooks_log", hook=hook, rows=found.rows, after=found.after, first="after" not in asked,
        state=state, states=[(key, words(request, name)) for key, name in STATE_NAMES.items()],
        kinds=webhook_words.KINDS,
    )  # fmt: skip


def show_delivery(request: Request) -> Response:
    """What was sent and answered last."""
    require_role(request, "admin")
    with reading() as db:
        hook = _hook(db, request)
        row = webhooks.delivery_of(db, hook, path_id(request, "delivery"))
    return _page(
        request, "webhooks_delivery", hook=hook, row=row, kinds=webhook_words.KINDS, test=row.kind == TEST_KIND
    )  # fmt: skip


def resend(request: Request, _form_data: FormData) -> Response:
    """Send one again."""
    require_role(request, "admin")
    with transaction() as db:
        hook = _hook(db, request, held=True)
        row = webhooks.delivery_of(db, hook, path_id(request, "delivery"))
        webhooks.resend(db, request.state.viewer, hook, row)
    return done(request, f"{LIST}/{hook.id}/deliveries/{row.id}", words(request, "It will be sent again."))


def resend_all(request: Request, form: FormData) -> Response:
    """Send everything of a time again."""
    require_role(request, "admin")
    zone = zone_of(request.state.viewer)
    since, until = _moment(text(form, "since"), zone), _moment(text(form, "until"), zone) or now()
    try:
        with transaction() as db:
            hook = _hook(db, request, held=True)
            if since is None:
                raise Refused("Say from when on.")
            count = webhooks.resend_between(db, request.state.viewer, hook, since, until)
    except Refused as refused:
        with reading() as db:
            hook = _hook(db, request)
        problem = words(request, refused.sentence, **refused.values)
        again = {"since": text(form, "since"), "until": text(form, "until")}
        known = {"name": hook.name, "url": hook.url, "kinds": hook.kinds}
        return _form(request, hook, known, 422, problem=problem, again=again)
    said = words(request, "%(n)s events will be sent again.", n=count)
    return done(request, f"{LIST}/{hook.id}/deliveries", said)


def _page(request: Request, name: str, *, status: int = 200, **more: Any) -> Response:
    return page(request, f"settings/{name}.html", section="webhooks", status=status, **more)


def _form(
    request: Request, hook: Webhook | None, values: dict[str, Any], status: int = 200, **more: Any
) -> Response:
    groups = [
        (
            words(request, webhook_words.GROUPS.get(group, group)),
            [(kind, _kind(request, kind)) for kind in kinds],
        )
        for group, kinds in webhooks.GROUPS.items()
    ]
    more = {"errors": {}, "problem": "", "again": {"since": "", "until": ""}, **more}
    limits = {"longest": MAX_NAME, "longest_url": MAX_URL}
    overlap = hook is not None and hook.old_key_until is not None and hook.old_key_until > now()
    return _page(
        request, "webhooks_hook", status=status, hook=hook, values=values, groups=groups, overlap=overlap,
        asked=hook is not None and ASKED in hook.kinds, **limits,
        **more,
    )  # fmt: skip


def _kind(request: Request, kind: str) -> str:
    return words(request, webhook_words.KINDS.get(kind, kind))


def _check_ticked(form: FormData, values: dict[str, Any]) -> None:
    """Kept without any kind it would be told everything. Raises `Wrong`."""
    if text(form, "which") == "some" and not values["kinds"]:
        raise webhooks.Wrong("kinds", "Tick what it is to be told, or choose everything that happens.")


def _values(form: FormData) -> dict[str, Any]:
    some = text(form, "which") == "some"
    kinds = [clean(str(one)) for one in form.getlist("kind")] if some else []
    return {"name": text(form, "name"), "url": text(form, "url"), "kinds": kinds}


def _moment(written: str, zone: ZoneInfo) -> datetime | None:
    """A `datetime-local` of the viewer."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    return moment.replace(tzinfo=zone) if 1970 < moment.year < 9000 else None


def _hook(db: Session, request: Request, *, held: bool = False) -> Webhook:
    return webhooks.find(db, path_id(request), held=held)


_ONE = f"{LIST}/{{id}}"
routes = [
    Route(LIST, show_all, methods=["GET"]),
    Route(LIST, with_form(create), methods=["POST"]),
    Route(f"{LIST}/new", show_new, methods=["GET"]),
    Route(_ONE, show, methods=["GET"]),
    Route(_ONE, with_form(save), methods=["POST"]),
    Route(f"{_ONE}/removal", with_form(remove), methods=["POST"]),
    Route(f"{_ONE}/activation", with_form(activate), methods=["POST"]),
    Route(f"{_ONE}/deactivation", with_form(deactivate), methods=["POST"]),
    Route(f"{_ONE}/key", with_form(rotate), methods=["POST"]),
    Route(f"{_ONE}/key/forgetting", with_form(forget), methods=["POST"]),
    Route(f"{_ONE}/test", with_form(test), methods=["POST"]),
    Route(f"{_ONE}/resending", with_form(resend_all), methods=["POST"]),
    Route(f"{_ONE}/deliveries", log, methods=["GET"]),
    Route(f"{_ONE}/deliveries/{{delivery}}", show_delivery, methods=["GET"]),
    Route(f"{_ONE}/deliveries/{{delivery}}/resending", with_form(resend), methods=["POST"]),
]
