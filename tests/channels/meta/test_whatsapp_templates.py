"""Templates of WhatsApp: asked for after a day, filled in, and listed with their variables."""

from typing import Any

import pytest

from app.i18n import catalogue
from channels.base import (
    ChannelError,
    FilledTemplate,
    Templates,
)
from channels.whatsapp import templates
from tests.channels.meta.accounts import (
    PHONE,
    error,
    message,
    said,
    whatsapp,
)
from tests.channels.meta.test_whatsapp import body_of
from tests.channels.servers import serving


def test_after_a_day_whatsapp_asks_for_a_template() -> None:
    with serving(error(131047)) as server, pytest.raises(ChannelError) as told:
        whatsapp(server).send(message(to=PHONE))
    assert "only a template" in told.value.sentence
    assert not told.value.everybody


def test_a_template_is_filled_in_by_number_and_by_name() -> None:
    values = {
        "2": "12月1日",
        "1": "花子",
        "10": "x",
        "header.1": "青山店",
        "button.0": "abc",
        "header.image": "https://x/y.jpg",
    }
    told = body_of(template=FilledTemplate("reminder", "ja", values))
    assert told["type"] == "template"
    assert told["template"]["name"] == "reminder"
    assert told["template"]["language"] == {"code": "ja"}
    parts = {one["type"]: one for one in told["template"]["components"]}
    assert [one["text"] for one in parts["body"]["parameters"]] == ["花子", "12月1日", "x"]
    assert parts["button"] == {
        "type": "button",
        "sub_type": "url",
        "index": "0",
        "parameters": [{"type": "text", "text": "abc"}],
    }
    assert {"type": "image", "image": {"link": "https://x/y.jpg"}} in parts["header"]["parameters"]
    named = body_of(template=FilledTemplate("r", "ja", {"name": "花子"}))["template"]["components"]
    assert named == [
        {"type": "body", "parameters": [{"type": "text", "text": "花子", "parameter_name": "name"}]}
    ]
    assert "text" not in told


REMINDER = {
    "name": "reminder",
    "language": "ja",
    "status": "APPROVED",
    "category": "UTILITY",
    "components": [
        {"type": "HEADER", "format": "TEXT", "text": "{{1}}店", "example": {"header_text": ["青山"]}},
        {
            "type": "BODY",
            "text": "{{1}}様、{{2}}のご予約です。",
            "example": {"body_text": [["花子", "12月1日"]]},
        },
        {"type": "FOOTER", "text": "配信停止は「停止」と返信"},
        {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "確認", "url": "https://x.jp/{{1}}"}]},
    ],
}
NAMED = {
    "name": "sale",
    "language": "en_US",
    "status": "REJECTED",
    "category": "MARKETING",
    "components": [
        {"type": "HEADER", "format": "IMAGE"},
        {
            "type": "BODY",
            "text": "Hi {{first_name}}",
            "example": {"body_text_named_params": [{"param_name": "first_name", "example": "Ann"}]},
        },
    ],
}


def test_the_templates_are_listed_page_by_page_with_their_variables() -> None:
    first = said({"data": [REMINDER, 5, {}], "paging": {"next": "https://x", "cursors": {"after": "AB"}}})
    with serving(first, said({"data": [NAMED], "paging": {"cursors": {"after": "CD"}}})) as server:
        connector = whatsapp(server)
        assert isinstance(connector, Templates)
        reminder, sale = connector.templates()
    assert server.seen[1].query["after"] == "AB"
    assert (reminder.name, reminder.language, reminder.category, reminder.approved) == (
        "reminder",
        "ja",
        "utility",
        True,
    )
    assert reminder.text == "{{header.1}}店\n\n{{1}}様、{{2}}のご予約です。\n\n配信停止は「停止」と返信"
    assert reminder.variables == ("header.1", "1", "2", "button.0")
    assert reminder.labels == {"button.0": "End of the button's address"}
    assert sale.labels == {"header.image": "Address of the picture (https)"}
    assert reminder.examples == {"header.1": "青山", "1": "花子", "2": "12月1日", "button.0": ""}
    assert reminder.labels == {"button.0": "End of the button's address"}
    assert sale.labels == {"header.image": "Address of the picture (https)"}
    assert (sale.approved, sale.variables, sale.examples["first_name"]) == (
        False,
        ("header.image", "first_name"),
        "Ann",
    )


@pytest.mark.parametrize(
    "told", [[], {}, {"data": 5}, {"data": [{"name": "a", "language": "b", "components": 5}]}]
)
def test_a_list_of_another_shape_holds_what_can_be_read_of_it(told: Any) -> None:
    with serving(said(told)) as server:
        assert all(one.variables == () for one in whatsapp(server).templates())


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_the_words_for_variables_stand_in_both_catalogues(locale: str) -> None:
    assert set(templates.LABELS.values()) <= set(catalogue(locale))
