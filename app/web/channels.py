"""Channels, for admins: `/settings/channels`. The form of a kind is made from its settings."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import connect, intake, switchboard, vault
from app.config import settings
from app.db import reading, transaction
from app.models import Channel, RawReceipt
from app.models.channel import PAUSE
from app.queries import NotFound
from app.web.mailbox import channel_of, consent_place, mailbox, returns_to
from app.web.pages import done, page, path_id, require_role, text, with_form, words
from app.web.providers import chosen, filled_in
from app.web.troubles import trouble_counts, trouble_of
from channels import registry
from channels.base import Connector, Embedding, Health
from channels.forms import Problem
from channels.settings import Field, fields_of

LIST = "/settings/channels"
PAUSES = (0, 1, 2, 3, 5, 8, 10)  # seconds to choose from
PREFIX = "set_"  # of the form's fields that are settings of the kind


def show_all(request: Request) -> Response:
    """Every channel, and how it is doing."""
    require_role(request, "admin")
    with reading() as db:
        channels = switchboard.all_channels(db)
        trouble = trouble_counts(db)
    return page(
        request,
        "settings/channels.html",
        section="channels",
        channels=[(one, _kind(one.kind), trouble.get(one.id, 0)) for one in channels],
        problems=registry.problems(),
    )


def choose(request: Request) -> Response:
    """Which kind the new channel is to be."""
    require_role(request, "admin")
    return page(request, "settings/channels_new.html", section="channels", kinds=registry.kinds())


def show_new(request: Request) -> Response:
    require_role(request, "admin")
    made = _known(request.path_params["kind"])
    answers = {**_defaults(made), **filled_in(request, made)}
    return _form(request, made, None, answers, name="", bot=True)


def create(request: Request, form: FormData) -> Response:
    """Add a channel of a kind."""
    require_role(request, "admin")
    made = _known(request.path_params["kind"])
    name, answers, bot = text(form, "name"), _answers(made, form), bool(text(form, "bot"))
    pause = _pause(form)
    try:
        with transaction() as db:
            channel = switchboard.add_channel(
                db, made.kind, name, answers, bot=bot, pause=pause, actor=request.state.viewer
            )
    except switchboard.Wrong as wrong:
        return _form(
            request, made, None, answers, name=name, bot=bot, pause=pause, status=422, wrong=wrong.errors
        )
    return done(request, f"{LIST}/{channel.id}", words(request, "%(name)s was added.", name=channel.name))


def show(request: Request) -> Response:
    require_role(request, "admin")
    with reading() as db:
        channel = channel_of(db, request)
    made = _kind(channel.kind)
    if made is None:
        return _form(
            request, None, channel, {}, name=channel.name, bot=channel.bot_enabled, pause=channel.bot_pause
        )
    answers = {**_defaults(made), **channel.settings, **filled_in(request, made)}
    return _form(
        request, made, channel, answers, name=channel.name, bot=channel.bot_enabled, pause=channel.bot_pause
    )


def save(request: Request, form: FormData) -> Response:
    """The name and the settings of a channel; secrets left empty stay as they are."""
    require_role(request, "admin")
    with reading() as db:
        before = channel_of(db, request)
    made = _known(before.kind)
    name, answers, bot = text(form, "name"), _answers(made, form), bool(text(form, "bot"))
    pause = _pause(form)
    forget = [one.name for one in fields_of(made.Settings) if text(form, f"forget_{one.name}")]
    try:
        with transaction() as db:
            switchboard.change_channel(
                db,
                channel_of(db, request),
                name,
                answers,
                bot=bot,
                pause=pause,
                forget=forget,
                actor=request.state.viewer,
            )
    except switchboard.Wrong as wrong:
        return _form(
            request, made, before, answers, name=name, bot=bot, pause=pause, status=422, wrong=wrong.errors
        )
    return done(request, f"{LIST}/{before.id}", words(request, "Saved."))


def test(request: Request, _form: FormData) -> Response:
    """Ask the provider whether the channel works. Calls out, so no transaction is held meanwhile."""
    require_role(request, "admin")
    with reading() as db:
        channel = channel_of(db, request)
    health, sentence = switchboard.probe(channel)
    with transaction() as db:
        switchboard.record_health(channel_of(db, request), health, sentence)
    return done(request, f"{LIST}/{channel.id}", said(request, sentence))


def activate(request: Request, _form: FormData) -> Response:
    return _switch(request, on=True, toast="%(name)s receives and sends again.")


def deactivate(request: Request, _form: FormData) -> Response:
    return _switch(request, on=False, toast="%(name)s neither receives nor sends any more.")


def read_again(request: Request, _form: FormData) -> Response:
    """Make of a stored request what can be made of it now."""
    require_role(request, "admin")
    with reading() as db:
        channel, receipt = channel_of(db, request), db.get(RawReceipt, path_id(request, "receipt"))
    if receipt is None or receipt.channel_id != channel.id or receipt.state != "failed":
        raise NotFound("receipt")
    again = intake.read_receipt(receipt.id)
    told = "It could be read now." if again.state == "parsed" else "It still cannot be read."
    return done(request, f"{LIST}/{channel.id}", words(request, told))


def said(request: Request, sentence: str) -> str:
    """A connector's sentence in the viewer's language; the detail after it, in parentheses, stays as it is."""
    told = words(request, sentence)
    if told != sentence:
        return told
    head, opening, detail = sentence.partition(" (")
    return f"{words(request, head)}{opening}{detail}"


def _switch(request: Request, *, on: bool, toast: str) -> Response:
    require_role(request, "admin")
    with transaction() as db:
        channel = channel_of(db, request)
        switchboard.switch(db, channel, on=on, actor=request.state.viewer)
    return done(request, f"{LIST}/{channel.id}", words(request, toast, name=channel.name))


def _form(
    request: Request,
    made: type[Connector[Any]] | None,
    channel: Channel | None,
    answers: Mapping[str, Any],
    *,
    name: str,
    bot: bool,
    pause: int = PAUSE,
    status: int = 200,
    wrong: Mapping[str, Problem] | None = None,
) -> Response:
    """The form of a kind, filled with `answers`, which are never secrets; of no kind, what is left of it."""
    problems = {
        key if key == "name" else f"{PREFIX}{key}": words(request, sentence, **values)
        for key, (sentence, values) in (wrong or {}).items()
    }
    return page(
        request,
        "settings/channels_channel.html",
        status=status,
        section="channels",
        made=made,
        channel=channel,
        groups=_groups(made, answers, channel, wrong or ()),
        called=name,
        bot=bot,
        pause=pause,
        pauses=PAUSES,
        preset=chosen(request, made, answers),
        errors=problems,
        **_about(request, channel),
    )


def _pause(form: FormData) -> int:
    """The seconds chosen; the usual ones for anything else."""
    told = text(form, "bot_pause")
    return int(told) if told in {str(one) for one in PAUSES} else PAUSE


def _about(request: Request, channel: Channel | None) -> dict[str, Any]:
    """What a channel that exists has besides its form."""
    if channel is None:
        return {
            "trouble": [],
            "embed": "",
            "testable": False,
            "unreadable": "",
            "health": "",
            "mailbox": None,
            "consent": "",
            "returns_to": "",
            "stored": set(),
            **_address(None),
        }
    connector, unreadable = _opened(channel)
    with reading() as db:
        trouble = trouble_of(db, channel)
        state = mailbox(db, channel, connector)
    return {
        "trouble": trouble,
        "embed": connector.embed() if connector and isinstance(connector, Embedding) else "",
        "testable": isinstance(connector, Health),
        "unreadable": words(request, unreadable),
        "health": said(request, channel.health_text),
        "mailbox": state,
        "consent": f"{LIST}/{channel.id}/oauth" if consent_place(connector, channel, "-", "-") else "",
        "returns_to": returns_to(connector, channel),
        "stored": set(switchboard.kept_secrets(channel)),
        **_address(channel),
    }


def _opened(channel: Channel) -> tuple[Connector[Any] | None, str]:
    """The connector of a channel, or a sentence that tells why there is none."""
    try:
        return connect.connector(channel), ""
    except registry.UnknownKind:
        return None, "The connector of this channel is not installed any more. What came in is kept."
    except vault.Unreadable as error:
        return None, str(error)


def _address(channel: Channel | None) -> dict[str, Any]:
    """The webhook address, and whether a provider outside could reach it."""
    public = settings().public_url
    return {
        "webhook": f"{public}/hooks/{channel.key}" if channel else "",
        "reachable": public.startswith("https://"),
    }


@dataclass
class Group:
    """Questions under one heading: (field, what to fill in; of a secret, whether one is stored).

    `folded`: few need them; `open` where somebody has something of their own in it, or has it to put right.
    """

    heading: str
    folded: bool
    questions: list[tuple[Field, Any]] = dataclass_field(default_factory=list)
    open: bool = False


def _groups(
    made: type[Connector[Any]] | None,
    answers: Mapping[str, Any],
    channel: Channel | None,
    wrong: Collection[str],
) -> list[Group]:
    """In the order of the settings. `wrong`: the names of settings that were refused."""
    kept = switchboard.kept_secrets(channel) if channel else {}
    groups: list[Group] = []
    for one in fields_of(made.Settings) if made else []:
        if not groups or groups[-1].heading != one.group:
            groups.append(Group(one.group, one.folded))
        value = one.name in kept if one.secret else _filled(one, answers.get(one.name))
        groups[-1].questions.append((one, value))
        own = not one.secret and str(value) != str(_filled(one, one.default)) and bool(value)
        groups[-1].open = groups[-1].open or own or one.name in wrong
    return groups


def _filled(field: Field, value: Any) -> Any:
    return "\n".join(map(str, value)) if field.type == "lines" and isinstance(value, list | tuple) else value


def _defaults(made: type[Connector[Any]]) -> dict[str, Any]:
    return {one.name: one.default for one in fields_of(made.Settings) if not one.secret}


def _answers(made: type[Connector[Any]], form: FormData) -> dict[str, Any]:
    """What was filled in. A box that is not ticked is absent from a form, so it is said here."""
    return {one.name: text(form, PREFIX + one.name) for one in fields_of(made.Settings)}


def _kind(kind: str) -> type[Connector[Any]] | None:
    return registry.kinds().get(kind)


def _known(kind: str) -> type[Connector[Any]]:
    made = _kind(kind)
    if made is None:
        raise NotFound("kind")
    return made


routes = [
    Route(LIST, show_all, methods=["GET"]),
    Route(f"{LIST}/new", choose, methods=["GET"]),
    Route(f"{LIST}/new/{{kind}}", show_new, methods=["GET"]),
    Route(f"{LIST}/new/{{kind}}", with_form(create), methods=["POST"]),
    Route(f"{LIST}/{{id}}", show, methods=["GET"]),
    Route(f"{LIST}/{{id}}", with_form(save), methods=["POST"]),
    Route(f"{LIST}/{{id}}/test", with_form(test), methods=["POST"]),
    Route(f"{LIST}/{{id}}/activation", with_form(activate), methods=["POST"]),
    Route(f"{LIST}/{{id}}/deactivation", with_form(deactivate), methods=["POST"]),
    Route(f"{LIST}/{{id}}/receipts/{{receipt}}/reading", with_form(read_again), methods=["POST"]),
]
