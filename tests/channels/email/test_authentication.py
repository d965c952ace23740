"""What the receiving server says of where a mail comes from; nobody else is believed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.authentication import results
from channels.email.mail import Address, Mail
from tests.examples import some

TRUSTED = "mx.shop.example"


def mail(*headers: str, sender: str = "taro@mail.example") -> Mail:
    return Mail(sender=Address(sender), headers={"authentication-results": headers})


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            "mx.shop.example; dkim=pass header.i=@mail.example header.s=s1 header.b=abc; spf=pass "
            "(mx.shop.example: domain of taro@mail.example designates 192.0.2.1) smtp.mailfrom=taro@mail.example; "
            "dmarc=pass (p=REJECT) header.from=mail.example",
            {"dkim": "pass", "spf": "pass", "dmarc": "pass", "aligned": "yes"},
        ),
        ("MX.Shop.Example 1; spf=fail smtp.mailfrom=x@y.example", {"spf": "fail", "aligned": "no"}),
        ("mx.shop.example; none", {}),
        (
            "mx.shop.example;\tdmarc=fail (p=NONE; dis=none) header.from=mail.example",
            {"dmarc": "fail", "aligned": "no"},
        ),
        ("mx.shop.example; dkim=pass header.d=other.example", {"dkim": "pass", "aligned": "no"}),
        ("mx.shop.example; dkim=pass header.d=mail.example", {"dkim": "pass", "aligned": "yes"}),
        ("mx.shop.example; spf=pass smtp.mailfrom=bounce.mail.example", {"spf": "pass", "aligned": "yes"}),
        ("mx.shop.example; spf=pass smtp.mailfrom=notmail.example", {"spf": "pass", "aligned": "no"}),
        ("mx.shop.example; spf=pass smtp.mailfrom=example", {"spf": "pass", "aligned": "no"}),
        (
            "mx.shop.example; dkim=fail header.d=a.example; dkim=pass header.d=mail.example",
            {"dkim": "pass", "aligned": "yes"},
        ),
        (
            'mx.shop.example; dkim=pass reason="good; dmarc=pass" header.d=x.example',
            {"dkim": "pass", "aligned": "no"},
        ),
        (
            "mx.shop.example; spf=softfail (dmarc=pass (nested)) smtp.helo=x",
            {"spf": "softfail", "aligned": "no"},
        ),
        ("mx.shop.example; iprev=pass; auth=pass smtp.auth=x", {}),
        ("mx.shop.example; dkim/1=pass header.d=mail.example", {"dkim": "pass", "aligned": "yes"}),
        ("mx.shop.example", {}),
        ("", {}),
    ],
)
def test_a_header_of_our_server_is_read(header: str, expected: dict[str, str]) -> None:
    assert results(mail(header), TRUSTED) == expected


def test_what_another_server_says_is_not_believed() -> None:
    assert results(mail("mx.evil.example; dmarc=pass"), TRUSTED) == {}
    assert results(mail("mx.shop.example.evil.example; dmarc=pass"), TRUSTED) == {}
    assert results(mail("(mx.shop.example) evil.example; dmarc=pass"), TRUSTED) == {}


def test_a_forged_header_below_another_servers_is_not_believed() -> None:
    forged = "mx.shop.example; dmarc=pass; dkim=pass header.d=mail.example"
    assert results(mail("mx.relay.example; spf=none", forged), TRUSTED) == {}
    own = "mx.shop.example; spf=fail smtp.mailfrom=x.example"
    assert results(mail(own, "mx.relay.example; spf=none", forged), TRUSTED) == {
        "spf": "fail",
        "aligned": "no",
    }


def test_two_headers_of_our_server_are_taken_together() -> None:
    both = mail("mx.shop.example; spf=pass smtp.mailfrom=mail.example", "mx.shop.example; dmarc=pass")
    assert results(both, TRUSTED) == {"spf": "pass", "dmarc": "pass", "aligned": "yes"}


def test_without_a_trusted_server_nothing_is_known() -> None:
    assert results(mail("; dmarc=pass"), "") == {}
    assert results(Mail(), TRUSTED) == {}


def test_arc_is_not_looked_at() -> None:
    seen = "i=1; mx.shop.example; dmarc=pass"
    assert results(Mail(headers={"arc-authentication-results": (seen,)}), TRUSTED) == {}


signs = st.sampled_from(
    [TRUSTED, ";", " ", "(", ")", '"', "\\", "dkim", "=", "pass", "header.d", "mail.example", "\n", "/1"]
)


@settings(max_examples=some(150), deadline=None)
@given(st.lists(st.lists(signs, max_size=40).map("".join) | st.text(max_size=60), max_size=4))
def test_every_header_is_read_to_its_end(headers: list[str]) -> None:
    found = results(mail(*headers), TRUSTED)
    assert set(found) <= {"spf", "dkim", "dmarc", "aligned"}


@pytest.mark.parametrize("piece", ["(", '"', "\\", ";", "dkim=", "dkim=pass a.b=", " ", "=", "a.a="])
def test_a_hostile_header_is_only_long(piece: str) -> None:
    assert results(mail(f"{TRUSTED};" + piece * 100_000), TRUSTED).get("dmarc", "") != "pass"
