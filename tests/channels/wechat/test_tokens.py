"""One access token of an account, shared by all processes without any of them making the others' worthless."""

import threading
import time
from dataclasses import dataclass, field

import httpx2
import pytest
import time_machine

from channels.base import ChannelError
from channels.calling import Answer
from channels.wechat import tokens
from tests.channels.wechat.account import APP, SECRET, SEND, STABLE, Script, answer, no, ok, token, wechat


@dataclass
class Platform:
    """WeChat as its documents tell of stable_token: one token is current, and the one before it for five minutes."""

    made: int = 1
    good: set[str] = field(default_factory=lambda: {"t1"})
    forced: list[float] = field(default_factory=list)

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        told = Script()
        told.seen.append(request)
        if request.url.path != STABLE:
            return ok() if request.url.params["access_token"] in self.good else no(40001)
        (asked,) = told.bodies(STABLE)
        assert (asked["grant_type"], asked["appid"], asked["secret"]) == ("client_credential", APP, SECRET)
        if asked["force_refresh"] and (not self.forced or time.time() - self.forced[-1] >= 30):
            self.forced.append(time.time())
            self.revoke()
        return token(f"t{self.made}")

    def revoke(self) -> None:
        self.made += 1
        self.good = {f"t{self.made}"}


def use(platform: Platform) -> None:
    made = wechat()
    made.http = httpx2.Client(transport=httpx2.MockTransport(platform))
    made.send(answer("はい"))


def test_a_token_is_had_once_and_used_until_it_ends() -> None:
    script = Script().on(STABLE, token("t1", 7200), token("t2", 7200))
    with time_machine.travel("2026-11-21T10:00:00Z", tick=False) as clock:
        for _ in range(3):
            wechat(script).send(answer("はい"))
        clock.shift(7200 - tokens.EARLY + 1)
        wechat(script).send(answer("はい"))
    assert script.paths.count(STABLE) == 2
    assert script.tokens(SEND) == ["t1", "t1", "t1", "t2"]
    assert [one["force_refresh"] for one in script.bodies(STABLE)] == [False, False]


def test_two_processes_share_a_token_and_neither_ends_the_others() -> None:
    """Each process keeps its own memory: it is WeChat that hands both the same."""
    platform, memories = Platform(), [dict[str, tuple[str, str, float]](), {}]
    for turn in range(6):
        tokens._kept = memories[turn % 2]
        use(platform)
    assert platform.forced == []
    assert platform.good == {"t1"}


@pytest.mark.parametrize("code", [40001, 40014, 42001])
def test_a_token_that_was_refused_is_had_anew_once_and_the_message_goes(code: int) -> None:
    script = Script().on(STABLE, token("t1"), token("t2")).on(SEND, no(code), ok())
    wechat(script).send(answer("はい"))
    assert script.tokens(SEND) == ["t1", "t2"]
    assert [one["force_refresh"] for one in script.bodies(STABLE)] == [False, False]


def test_where_another_program_made_one_the_new_one_is_found_without_force() -> None:
    platform = Platform()
    use(platform)
    platform.revoke()
    use(platform)
    assert platform.forced == []


def test_only_the_very_token_that_was_refused_makes_it_ask_for_another() -> None:
    platform = Platform()
    use(platform)
    platform.good = set()  # WeChat still hands it out
    use(platform)
    assert len(platform.forced) == 1
    assert platform.good == {"t2"}


def test_two_processes_that_are_refused_at_once_end_with_the_same_token() -> None:
    platform, memories = Platform(), [dict[str, tuple[str, str, float]](), {}]
    for memory in memories:
        tokens._kept = memory
        use(platform)
    platform.good = set()
    for memory in memories:
        tokens._kept = memory
        use(platform)
    assert len(platform.forced) == 1
    assert {memory[APP][1] for memory in memories} == platform.good == {"t2"}


def test_a_token_that_is_refused_twice_lets_the_channel_rest() -> None:
    script = Script().on(STABLE, token("t1"), token("t2")).on(SEND, no(40001))
    with pytest.raises(ChannelError) as told:
        wechat(script).send(answer("はい"))
    assert script.paths.count(SEND) == 2
    assert (told.value.everybody, told.value.permanent, told.value.ambiguous) == (True, False, False)


@pytest.mark.parametrize("code", [40001, 40013, 40125])
def test_a_wrong_secret_is_said_and_waits_for_the_admin(code: int) -> None:
    with pytest.raises(ChannelError) as told:
        wechat(Script().on(STABLE, no(code, "invalid appsecret"))).send(answer("はい"))
    assert told.value.sentence == "WeChat does not accept the AppID and the AppSecret."
    assert (told.value.permanent, told.value.everybody) == (True, True)


@pytest.mark.parametrize("lost", [httpx2.ReadTimeout, httpx2.ConnectError, httpx2.Response(200, json={})])
def test_a_lost_answer_about_a_token_is_no_doubt_about_the_message(lost: object) -> None:
    script = Script().on(STABLE, lost)
    with pytest.raises(ChannelError) as told:
        wechat(script).send(answer("はい"))
    assert (told.value.ambiguous, told.value.permanent, told.value.everybody) == (False, False, True)
    assert SEND not in script.paths


def test_an_account_that_waits_for_its_token_keeps_no_other_waiting() -> None:
    answered, slow = threading.Event(), Answer(200, {}, b'{"access_token": "late"}')

    def late(_asked: object) -> Answer:
        answered.wait(10)
        return slow

    waiting = threading.Thread(target=tokens.token, args=("wx1", "s1", late))
    waiting.start()
    quick = Answer(200, {}, b'{"access_token": "soon"}')
    assert tokens.token("wx2", "s2", lambda _asked: quick) == "soon"
    assert waiting.is_alive()
    answered.set()
    waiting.join()
    assert tokens.token("wx1", "s1", late) == "late"


def test_many_at_once_ask_for_one_token() -> None:
    script = Script()
    threads = [threading.Thread(target=lambda: wechat(script).send(answer("はい"))) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert script.paths.count(STABLE) == 1
    assert script.paths.count(SEND) == 8


def test_another_secret_is_another_token() -> None:
    script = Script().on(STABLE, token("t1"), token("t2"))
    wechat(script).send(answer("はい"))
    wechat(script, app_secret="another" * 4).send(answer("はい"))
    assert script.tokens(SEND) == ["t1", "t2"]
