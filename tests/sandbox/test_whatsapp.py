"""WhatsApp in the sandbox: messages of every sort, files in two steps, templates, and what became of them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import httpx2
import pytest

from channels.events import Attachment, Inbound, Person, Receipt
from channels.outbound import FilledTemplate, Outbound
from tests.sandbox.meta import FILE, Meta, refusal

DAY = 86_400
HIDDEN = "JP.1234abcd"


def sends(meta: Meta, **told: Any) -> httpx2.Response:
    number = meta.sandbox.state("whatsapp")["settings"]["account_id"]
    whole = {"messaging_product": "whatsapp", "to": meta.somebody("whatsapp"), **told}
    return meta.call("whatsapp", f"{number}/messages", whole)


def shown(meta: Meta, who: str = "") -> list[dict[str, Any]]:
    bubbles = meta.sandbox.phone(who or meta.somebody("whatsapp"), "whatsapp")
    return [one for one in bubbles if one["by"] == "shop"]


def answer(meta: Meta, text: str = "", **more: Any) -> Outbound:
    return Outbound("k1", Person(meta.somebody("whatsapp")), text, **more)


def receipts(meta: Meta, count: int) -> list[Receipt]:
    return [one for one in meta.heard("whatsapp", count) if isinstance(one, Receipt)]


def test_sent_delivered_and_read_are_told_with_our_own_mark(meta: Meta) -> None:
    meta.does("whatsapp", "text", text="x")
    mid = meta.whatsapp().send(answer(meta, "はい")).external_ids[0]
    meta.does("whatsapp", "read")
    told = receipts(meta, 4)
    assert [(one.state, one.external_id) for one in told] == [
        (state, mid) for state in ("sent", "delivered", "read")
    ]
    assert told[0].key == "k1"


def test_who_blocks_gets_nothing_and_that_it_was_sent_is_all_that_is_told(meta: Meta) -> None:
    meta.does("whatsapp", "text", text="x")
    meta.does("whatsapp", "unfollow")
    meta.whatsapp().send(answer(meta, "はい"))
    assert [one.state for one in receipts(meta, 2)] == ["sent"]
    assert shown(meta) == []


def test_after_a_day_only_a_template_arrives(meta: Meta) -> None:
    meta.does("whatsapp", "text", text="x")
    meta.sandbox.post("/clock", {"forward": DAY + 60})
    meta.whatsapp().send(answer(meta, "遅くなりました"))
    failed = receipts(meta, 2)[0]
    assert failed.state == "failed"
    assert "only a template" in failed.reason
    filled = FilledTemplate("shipping_update", "ja", {"1": "佐藤", "2": "K10234"})
    meta.whatsapp().send(answer(meta, template=filled))
    assert [one["text"] for one in shown(meta)] == ["佐藤様、ご注文 K10234 を発送しました。\n\n北風洋品店"]


def test_templates_are_listed_and_checked(meta: Meta) -> None:
    listed = meta.whatsapp().templates()
    assert [(one.name, one.language, one.approved) for one in listed] == [
        ("shipping_update", "ja", True),
        ("shipping_update", "en", True),
        ("winter_sale", "ja", False),
    ]
    own = meta.sandbox.state("whatsapp")["settings"]["business_id"]
    page = meta.call("whatsapp", f"{own}/message_templates?limit=2").json()
    after = page["paging"]["cursors"]["after"]
    assert len(page["data"]) == 2
    rest = meta.call("whatsapp", f"{own}/message_templates?limit=2&after={after}").json()
    assert [one["name"] for one in rest["data"]] == ["winter_sale"]
    assert "next" not in rest["paging"]
    meta.does("whatsapp", "text", text="x")
    unknown = {"name": "winter_sale", "language": {"code": "ja"}}
    assert refusal(sends(meta, type="template", template=unknown))[:2] == (404, 132001)
    short = {"name": "shipping_update", "language": {"code": "ja"}, "components": []}
    assert refusal(sends(meta, type="template", template=short))[:2] == (400, 132000)


def test_a_file_is_uploaded_and_then_sent(meta: Meta) -> None:
    meta.does("whatsapp", "text", text="x")
    file = Attachment("料金表.pdf", "application/pdf", data=FILE)
    meta.whatsapp().send(answer(meta, "こちらです", attachments=(file,)))
    bubble = shown(meta)[0]
    assert (bubble["kind"], bubble["text"]) == ("file", "料金表.pdf")
    query = {"user": meta.somebody("whatsapp"), "message": bubble["id"]}
    assert meta.sandbox.http.get("/phone/whatsapp/media", params=query).content == FILE
    assert refusal(sends(meta, type="image", image={"id": "5"}))[1] == 100
    linked = {"link": f"{meta.hearer.url}/file.pdf"}
    assert refusal(sends(meta, type="image", image=linked))[:2] == (400, 131053)
    assert sends(meta, type="document", document=linked).status_code == 200


def test_a_file_they_send_is_told_with_its_digest_and_had_with_the_token_for_five_minutes(
    meta: Meta,
) -> None:
    meta.does("whatsapp", "sticker", stickerId="1988")
    said = meta.heard("whatsapp", 1)[0]
    assert isinstance(said, Inbound)
    told = meta.call("whatsapp", said.attachments[0].ref).json()
    bearer = {"Authorization": f"Bearer {meta.sandbox.options.whatsapp_token}"}
    body = meta.sandbox.http.get(told["url"], headers=bearer)
    assert hashlib.sha256(body.content).hexdigest() == told["sha256"]
    assert (body.headers["content-type"], len(body.content)) == ("image/webp", told["file_size"])
    assert meta.sandbox.http.get(told["url"]).status_code == 404
    meta.sandbox.post("/clock", {"forward": 301})
    assert meta.sandbox.http.get(told["url"], headers=bearer).status_code == 404


def test_a_choice_comes_back(meta: Meta) -> None:
    meta.does("whatsapp", "text", text="x")
    meta.whatsapp().send(answer(meta, "どれでしょう", quick_replies=("M", "L")))
    chips = [one["action"] for one in shown(meta)[0]["data"]["quickReply"]["items"]]
    assert [(one["label"], one["kind"]) for one in chips] == [("M", "button_reply"), ("L", "button_reply")]
    meta.does("whatsapp", "choice", kind="button_reply", title="L", id="L")
    meta.sandbox.settle("whatsapp")
    said = [one for one in meta.heard("whatsapp", 4) if isinstance(one, Inbound)]
    assert said[-1].text == "L"
    meta.whatsapp().send(answer(meta, "どれでしょう", quick_replies=("一", "二", "三", "四")))
    kinds = {one["action"]["kind"] for one in shown(meta)[1]["data"]["quickReply"]["items"]}
    assert kinds == {"list_reply"}


def test_who_hides_their_number_is_written_to_by_the_id_that_is_told(meta: Meta) -> None:
    meta.sandbox.act(HIDDEN, "text", "whatsapp", text="番号は内緒です")
    said = meta.heard("whatsapp", 1)[0]
    assert isinstance(said, Inbound)
    assert (said.sender.address, said.sender.phone) == (HIDDEN, "")
    assert b'"wa_id"' not in meta.hearer.bodies[0]
    meta.whatsapp().send(Outbound("k2", said.sender, "承知しました"))
    assert [one["text"] for one in shown(meta, HIDDEN)] == ["承知しました"]


def test_whom_whatsapp_does_not_know_gets_nothing_and_that_is_told_later(meta: Meta) -> None:
    assert sends(meta, to="819011112222", type="text", text={"body": "x"}).status_code == 200
    failed = receipts(meta, 1)[0]
    assert failed.state == "failed"
    assert (
        json.loads(meta.hearer.bodies[0])["entry"][0]["changes"][0]["value"]["statuses"][0]["errors"][0][
            "code"
        ]
        == 131026
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"type": "text", "text": {"body": "あ" * 4097}}, (400, 100)),
        ({"type": "text", "text": {"body": ""}}, (400, 100)),
        ({"type": "text"}, (400, 131008)),
        ({"type": "song", "song": {}}, (400, 100)),
        ({"type": "text", "text": {"body": "x"}, "to": "me"}, (400, 100)),
        ({"type": "image", "image": {}}, (400, 131008)),
        (
            {"type": "interactive", "interactive": {"type": "button", "body": {"text": "x"}, "action": {}}},
            (400, 131009),
        ),
        ({"type": "text", "text": {"body": "x"}, "messaging_product": "telegram"}, (400, 100)),
        ({"status": "read", "message_id": "wamid.nobody"}, (400, 100)),
    ],
)
def test_what_is_wrong_is_refused(meta: Meta, told: dict[str, Any], expected: tuple[int, int]) -> None:
    meta.does("whatsapp", "text", text="x")
    assert refusal(sends(meta, **told))[:2] == expected
    assert shown(meta) == []


def test_dots_and_read_marks_stand_on_the_phone(meta: Meta) -> None:
    mid = meta.does("whatsapp", "text", text="x")
    meta.whatsapp().typing(Person(meta.somebody("whatsapp")), {"mid": mid})
    bubble = meta.sandbox.phone(meta.somebody("whatsapp"), "whatsapp")[0]
    assert bubble["read"]
    assert meta.sandbox.state("whatsapp")["customers"][0]["typing_until"] > 0
