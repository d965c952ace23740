"""Addresses that other people typed in never lead into our own network."""

import socket
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from channels import guard
from tests.channels.servers import serving

INSIDE = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fe80::1%eth0",
    "fc00::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
    "2001::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_what_lies_inside_is_not_public(address: str) -> None:
    assert not guard.is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_what_lies_outside_is_public(address: str) -> None:
    assert guard.is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::1]", "[::ffff:7f00:1]"]
)
def test_no_way_of_writing_the_loopback_gets_through(host: str) -> None:
    with serving() as server:
        port = httpx2.URL(server.url).port
        with pytest.raises(guard.Forbidden):
            guard.Client().post(f"http://{host}:{port}/")
        assert server.seen == []


def test_one_private_address_among_public_ones_is_enough_to_refuse() -> None:
    client = guard.Client(resolve=lambda host, port: ["1.1.1.1", "10.0.0.1"])
    with pytest.raises(guard.Forbidden):
        client.get("http://shop.example/")


def test_the_address_that_was_checked_is_the_one_that_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second look-up of the name, which could answer otherwise, never happens."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def once(host: str, *rest: Any, **more: Any) -> Any:
        assert host != "shop.example"
        return real(host, *rest, **more)

    def resolve(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ["127.0.0.1"]

    monkeypatch.setattr(socket, "getaddrinfo", once)
    with serving() as server:
        client = guard.Client(allow_private=True, resolve=resolve)
        port = httpx2.URL(server.url).port
        assert client.post(f"http://shop.example:{port}/in").status_code == 200
    assert asked == ["shop.example"]
    assert server.seen[0].header("host") == f"shop.example:{port}"


def test_one_known_place_may_lie_inside_and_nothing_beside_it() -> None:
    with serving() as sandbox, serving() as other:
        port = httpx2.URL(sandbox.url).port or 0
        client = guard.Client(known=("127.0.0.1", port))
        assert client.post(sandbox.url).status_code == 200
        with pytest.raises(guard.Forbidden):
            client.post(other.url)
        assert other.seen == []


def test_the_next_address_is_tried_if_one_does_not_answer() -> None:
    with serving() as server:
        client = guard.Client(allow_private=True, resolve=lambda host, port: ["127.0.0.2", "127.0.0.1"])
        port = httpx2.URL(server.url).port
        assert client.post(f"http://shop.example:{port}/in").status_code == 200


def test_a_name_with_many_addresses_that_never_answer_costs_the_time_of_a_few(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[str] = []

    def hang(at: tuple[str, int], timeout: float, *_: Any, **__: Any) -> socket.socket:
        tried.append(at[0])
        time.sleep(timeout)
        raise TimeoutError

    many = [f"203.0.113.{n}" for n in range(200)]
    monkeypatch.setattr(socket, "create_connection", hang)
    with guard.Client(
        allow_private=True, resolve=lambda host, port: many, timeout=httpx2.Timeout(0.05)
    ) as client:
        with pytest.raises(httpx2.ConnectTimeout):
            client.get("http://shop.example/")
        assert tried == many[: len(tried)]
        assert len(tried) <= guard.TURNS + 1
        tried.clear()
        with guard.within(0.02), pytest.raises(httpx2.ConnectTimeout):
            client.get("http://shop.example/")
        assert len(tried) == 1
    tried.clear()
    with pytest.raises(TimeoutError):
        guard.connect("mail.example", 25, 0.05, allow_private=True, resolve=lambda host, port: many)
    assert 1 <= len(tried) <= guard.TURNS + 1


def test_a_name_that_does_not_exist_cannot_be_reached() -> None:
    with pytest.raises(httpx2.ConnectError):
        guard.Client().get("http://no-such-name.invalid/")


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would resolve the name by itself and call whatever it likes."""
    with serving() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with pytest.raises(guard.Forbidden):
            guard.Client().post("http://10.1.2.3/")
        assert proxy.seen == []


def test_tls_still_checks_the_name_although_an_address_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = _certificate("shop.example", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    monkeypatch.setattr(guard, "_trusted", httpx2.create_ssl_context)  # read anew
    with serving(tls=certificate) as server:
        client = guard.Client(allow_private=True, resolve=lambda host, port: ["127.0.0.1"])
        port = httpx2.URL(server.url).port
        assert client.post(f"https://shop.example:{port}/in").status_code == 200
        with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            client.post(f"https://other.example:{port}/in")
    assert len(server.seen) == 1


def _certificate(name: str, folder: Path) -> Path:
    """A file with a fresh key and a certificate for `name` that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return path
