"""Twilio's own validator as the judge of what we take and what we refuse."""

import json
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator, get_signature_algorithm

from channels.base import BadSignature, Request
from channels.sms import form, signature
from tests.channels.cases import Payload, payloads
from tests.examples import some

WEBHOOK = "https://desk.example.jp/hooks/k1"
FORM = {"content-type": "application/x-www-form-urlencoded"}
FIELDS = {"MessageSid": "SM1", "Body": "在庫は？", "FromCity": "", "From": "+14158675309"}
TOKEN = "12345"


def signed(
    fields: dict[str, str], url: str = WEBHOOK, token: str = TOKEN, called: str = "", **headers: str
) -> Request:
    """A form as Twilio signs it for `url`; `called` is the address a proxy made of it."""
    made = RequestValidator(token).compute_signature(url, fields)
    headers = {**FORM, signature.HEADER.lower(): made, **headers}
    return Request("POST", called or url, headers, {}, urlencode(fields).encode())


def accepted(request: Request, webhook: str = WEBHOOK, shared_key: str = "") -> bool:
    try:
        signature.verify(request, webhook, TOKEN, shared_key)
    except BadSignature:
        return False
    return True


@pytest.mark.parametrize("payload", payloads("sms"), ids=lambda one: one.name)
def test_the_validator_agrees_on_every_captured_request(payload: Payload) -> None:
    request = payload.request
    own = payload.connector().settings
    settings_header = request.header(signature.SETTINGS)
    validator = RequestValidator(own.shared_key if settings_header else own.auth_token)
    params = dict(form.pairs(request)) if form.is_form(request) else request.body.decode()
    algorithm = get_signature_algorithm(settings_header)
    assert validator.validate(request.url, params, request.header(signature.HEADER), algorithm)
    assert signature.named_in(settings_header) == algorithm


@given(
    fields=st.dictionaries(st.text(min_size=1, max_size=8), st.text(max_size=12), max_size=6),
    algorithm=st.sampled_from([signature.SHA1, signature.SHA256]),
)
@settings(max_examples=some(200), deadline=None)
def test_we_sign_as_the_validator_signs(fields: dict[str, str], algorithm: str) -> None:
    mine = signature.sign(TOKEN, WEBHOOK, list(fields.items()), algorithm)
    assert mine == RequestValidator(TOKEN).compute_signature(WEBHOOK, fields, algorithm)


def test_the_vectors_of_twilio() -> None:
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    fields = [("CallSid", "CA1234567890ABCDE"), ("Caller", "+14158675309"), ("Digits", "1234"),
              ("From", "+14158675309"), ("To", "+18005551212")]  # fmt: skip
    assert signature.sign("12345", url, fields) == "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert (
        signature.sign("12345", url, fields, signature.SHA256)
        == "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s="
    )


def test_trap_23_behind_a_proxy_the_public_address_counts() -> None:
    assert accepted(signed(FIELDS, called="http://10.0.0.7:8000/hooks/k1"))
    assert accepted(signed(FIELDS, url=f"{WEBHOOK}?a=1", called="http://10.0.0.7:8000/hooks/k1?a=1"))
    assert not accepted(signed(FIELDS, url="http://10.0.0.7:8000/hooks/k1"))
    assert not accepted(signed(FIELDS, url=f"{WEBHOOK}?a=1", called=f"{WEBHOOK}?a=2"))
    assert not accepted(signed(FIELDS, url="https://desk.example.jp/hooks/k2"))


def test_trap_23_the_port_may_stand_in_the_signed_address_or_not() -> None:
    for signed_for in ("https://desk.example.jp/hooks/k1", "https://desk.example.jp:443/hooks/k1"):
        for ours in ("https://desk.example.jp/hooks/k1", "https://desk.example.jp:443/hooks/k1"):
            assert accepted(signed(FIELDS, url=signed_for), webhook=ours)
    assert accepted(
        signed(FIELDS, url="https://desk.example.jp:8443/hooks/k1"), "https://desk.example.jp:8443/hooks/k1"
    )
    assert accepted(
        signed(FIELDS, url="https://desk.example.jp/hooks/k1"), "https://desk.example.jp:8443/hooks/k1"
    )
    assert not accepted(signed(FIELDS, url="https://desk.example.jp:9000/hooks/k1"))


def test_trap_23_blank_fields_are_signed_too() -> None:
    request = signed(FIELDS)
    assert accepted(request)
    assert not accepted(replace(request, body=request.body.replace(b"&FromCity=", b"")))


def test_a_field_that_stands_there_twice_counts_once_with_each_value() -> None:
    pairs = [("To", "b"), ("To", "a"), ("To", "b")]
    made = signature.sign(TOKEN, WEBHOOK, pairs)
    request = Request(
        "POST", WEBHOOK, {**FORM, signature.HEADER.lower(): made}, {}, urlencode(pairs).encode()
    )
    assert accepted(request)
    assert made == signature.sign(TOKEN, WEBHOOK, [("To", "a"), ("To", "b")])


def test_trap_23_a_body_that_is_no_form_has_to_be_covered_by_its_hash() -> None:
    (captured,) = [one for one in payloads("sms") if one.name == "json_covered_by_its_hash"]
    connector = captured.connector()
    connector.verify(captured.request)
    with pytest.raises(BadSignature, match="SHA-256"):
        connector.verify(replace(captured.request, body=captured.request.body + b" "))
    bare = signed({}, **{"content-type": "application/json"})
    assert accepted(replace(bare, body=b""))
    assert not accepted(replace(bare, body=json.dumps(FIELDS).encode()))


def test_trap_23_the_header_says_which_hash_and_which_key() -> None:
    (captured,) = [one for one in payloads("sms") if one.name == "signed_with_sha256_and_a_key"]
    captured.connector().verify(captured.request)
    without_key = replace(captured, settings={**captured.settings, "shared_key": ""}).connector()
    with pytest.raises(BadSignature, match="no secret"):
        without_key.verify(captured.request)
    named = {**captured.request.headers, signature.SETTINGS.lower(): "key=k,algorithm=HMAC_MD5"}
    with pytest.raises(BadSignature, match="MD5"):
        captured.connector().verify(replace(captured.request, headers=named))
    as_sha1 = {name: one for name, one in captured.request.headers.items() if "settings" not in name}
    with pytest.raises(BadSignature, match="fits neither"):
        captured.connector().verify(replace(captured.request, headers=as_sha1))


def test_another_token_is_refused() -> None:
    assert not accepted(signed(FIELDS, token="54321"))
