"""What Meta's refusals mean for a message, and for its channel."""

import json
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

from channels.base import ChannelError
from channels.meta import trouble
from tests.channels.meta.accounts import bodies, error, message, messenger, said, taken, whatsapp
from tests.channels.servers import Answer, serving

LOCALES = Path(__file__).parents[3] / "app" / "locale"
PASSING = (1, 2, 1200, 131000, 131016, 131057, 133004, 139103)
SLOWER = (4, 17, 32, 613, 80001, 80007, 80014, 130429, 131056)
TOKEN = (0, 102, 190)
ACCOUNT = (3, 10, 200, 299, 368, 131031, 131042, 131045, 131048)
NEVER = (100, 130497, 131008, 131009, 131021, 131026, 131030, 131047, 131049, 131050, 131051, 131052, 131053)
TEMPLATES = (132000, 132001, 132005, 132007, 132012, 132015, 132016)


def refused(answer: Answer) -> ChannelError:
    with serving(answer) as server, pytest.raises(ChannelError) as told:
        messenger(server).send(message())
    assert not told.value.ambiguous
    return told.value


@pytest.mark.parametrize("code", PASSING)
def test_what_passes_is_tried_again(code: int) -> None:
    told = refused(error(code, status=400))
    assert (told.permanent, told.everybody, told.retry_after) == (False, False, None)


@pytest.mark.parametrize("code", SLOWER)
def test_a_limit_that_is_met_is_waited_for(code: int) -> None:
    told = refused(error(code, status=400))
    assert (told.permanent, told.retry_after) == (False, trouble.SLOWLY)
    assert told.sentence == "Meta asks us to send more slowly."


def test_how_long_to_wait_is_told_by_a_header() -> None:
    usage = {"1022": [{"type": "whatsapp", "call_count": 100, "estimated_time_to_regain_access": 7}]}
    answer = error(80007)
    answer.headers["X-Business-Use-Case-Usage"] = json.dumps(usage)
    assert refused(answer).retry_after == 420.0
    answer.headers["Retry-After"] = "9"
    assert refused(answer).retry_after == 9.0


@pytest.mark.parametrize(
    "told",
    ["junk", "[1]", '{"a": {"b": 1}}', '{"a": ["b"]}', '{"a": [{"estimated_time_to_regain_access": "x"}]}'],
)
def test_a_header_that_makes_no_sense_changes_nothing(told: str) -> None:
    answer = error(80007)
    answer.headers["X-Business-Use-Case-Usage"] = told
    assert refused(answer).retry_after == trouble.SLOWLY


@pytest.mark.parametrize("code", TOKEN)
def test_a_token_that_is_over_stops_the_channel_and_asks_for_another(code: int) -> None:
    told = refused(error(code, 463, status=401))
    assert (told.permanent, told.everybody, told.reauthorise) == (True, True, True)


@pytest.mark.parametrize("code", ACCOUNT)
def test_what_an_admin_has_to_put_right_stops_the_channel(code: int) -> None:
    told = refused(error(code, status=403))
    assert (told.permanent, told.everybody, told.reauthorise) == (True, True, False)


@pytest.mark.parametrize("code", NEVER + TEMPLATES)
def test_what_is_wrong_with_one_message_is_said_of_that_one(code: int) -> None:
    told = refused(error(code, status=400))
    assert (told.permanent, told.everybody, told.unreachable) == (True, False, False)


@pytest.mark.parametrize(("code", "subcode"), [(10, 2018278), (10, 2018065), (10, 2534022)])
def test_the_time_to_answer_is_over_which_is_no_lack_of_a_permission(code: int, subcode: int) -> None:
    told = refused(error(code, subcode, status=403))
    assert isinstance(told, trouble.Refused)
    assert (told.sort, told.everybody) == ("window", False)


@pytest.mark.parametrize(
    ("code", "subcode"), [(551, 1545041), (551, 0), (100, 2018001), (200, 1545041), (10, 2018108)]
)
def test_who_blocked_the_account_or_is_gone_cannot_be_reached(code: int, subcode: int) -> None:
    told = refused(error(code, subcode))
    assert (told.permanent, told.everybody, told.unreachable) == (True, False, True)


def test_each_sort_is_known_by_a_code() -> None:
    def sort(code: int) -> str | None:
        known = trouble.meaning(code)
        return known.sort if known else None

    assert sort(131047) == "window"
    assert sort(131050) == "opted out"
    assert sort(999999) is None


def test_what_meta_calls_transient_is_tried_again_whatever_its_code() -> None:
    assert refused(error(100, is_transient=True)).permanent is False
    assert refused(error(987654, is_transient=True)).permanent is False


def test_the_http_status_decides_only_where_the_code_is_not_known() -> None:
    assert refused(error(987654, status=400)).permanent is True
    assert refused(error(987654, status=500)).permanent is False
    assert refused(said({"error": "words"}, 403)).permanent is True
    assert refused(said([1], 503)).permanent is False
    assert refused(error(2, status=403)).permanent is False


def test_metas_words_and_the_number_of_its_trace_stand_beside_the_sentence() -> None:
    told = refused(error(100, 5, error_user_msg="ユーザー向けの言葉", error_data={"details": "to"}))
    assert told.detail == "100/5 ユーザー向けの言葉 to A1b2"


@pytest.mark.parametrize(
    "strange",
    [{"code": "1"}, {"code": None}, {"code": 10**30}, {"code": True, "message": 5}, {"message": "x" * 9999}],
)
def test_an_envelope_of_another_shape_is_a_refusal_all_the_same(strange: dict[str, Any]) -> None:
    told = refused(said({"error": strange}, 400))
    assert told.permanent
    assert len(told.detail) < 400


def test_a_redirect_is_not_followed_with_the_token() -> None:
    answer = Answer(302, {"Location": "http://169.254.169.254/latest/meta-data"})
    assert "redirects" in refused(answer).sentence


def test_a_pair_that_is_written_to_too_fast_waits_and_then_arrives() -> None:
    with serving(error(131056), taken("wamid.1")) as server:
        connector = whatsapp(server)
        with pytest.raises(ChannelError) as told:
            connector.send(message(to="819012345678"))
        assert told.value.permanent is False
        assert connector.send(message(to="819012345678")).external_ids == ("wamid.1",)
        assert bodies(server)[0] == bodies(server)[1]


@pytest.mark.parametrize("locale", ["ja", "en"])
def test_every_sentence_of_the_table_stands_in_both_catalogues(locale: str) -> None:
    with (LOCALES / locale / "channels.po").open("rb") as file:
        known = {one.id for one in read_po(file) if one.string}
    meanings = [one for one in vars(trouble).values() if isinstance(one, trouble.Meaning)]
    wanted = {one.sentence for one in [*meanings, trouble.failed({})]}
    assert len(wanted) > 25
    assert wanted - known == set()
