"""Asterisk in tests: an `Ami` that speaks as its manager interface does, and the events of a call."""

from __future__ import annotations

import hashlib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from channels import guard, registry
from channels.asterisk.connector import Asterisk
from channels.base import Context

USER, SECRET = "madoguchi", "a secret of manager.conf"
SIGNING = "a-secret-of-the-pbx-0001"
CALL, TARO, DID = "1795222770.11", "09012345678", "0312345678"
CHALLENGE = "840415273"


class Ami:
    """A manager interface on the loopback. `channels` are the linkedids of calls that go on; `said` are the actions it
    was told."""

    def __init__(self, tls: Path | None = None) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            self.server = context.wrap_socket(self.server, server_side=True)
        self.port = int(self.server.getsockname()[1])
        self.said: list[Mapping[str, str]] = []
        self.channels: list[str] = []
        self.banner = "Asterisk Call Manager/9.0.0"
        self.reporting = True
        self.mute = False
        self._lines: list[socket.socket] = []
        self._signed_in = threading.Semaphore(0)
        threading.Thread(target=self._accept, daemon=True).start()

    def tell(self, *events: Mapping[str, str]) -> None:
        """To whoever is signed in last, once somebody is."""
        assert self._signed_in.acquire(timeout=10)
        self._signed_in.release()
        for event in events:
            self._lines[-1].sendall(packet(event))

    def hang_up(self) -> None:
        self._signed_in.acquire(timeout=10)
        self._lines[-1].shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.server.close()
        for line in self._lines:
            line.close()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self.server.accept()
            except ssl.SSLError:
                continue  # who does not trust us hangs up
            except OSError:
                return
            self._lines.append(line)
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        try:
            line.sendall(f"{self.banner}\r\n".encode())
            read = line.makefile("rb")
            while (action := self._action(read)) is not None:
                self.said.append(action)
                for answer in () if self.mute else self._answers(action):
                    line.sendall(packet(answer))
                if action["Action"] == "Login" and self._right(action):
                    self._signed_in.release()
        except OSError:
            return

    def _action(self, read: Any) -> dict[str, str] | None:
        found: dict[str, str] = {}
        while each := read.readline():
            if each == b"\r\n":
                return found
            name, _, value = each.decode().partition(": ")
            found[name] = value.rstrip("\r\n")
        return None

    def _answers(self, action: Mapping[str, str]) -> list[Mapping[str, str]]:
        good = {"Response": "Success"}
        match action["Action"]:
            case "Challenge":
                return [{**good, "Challenge": CHALLENGE}]
            case "Login" if self._right(action):
                booted = {"Event": "FullyBooted", "Privilege": "system,all", "Status": "Fully Booted"}
                return [{**good, "Message": "Authentication accepted"}, booted]
            case "Login":
                return [{"Response": "Error", "Message": "Authentication failed"}]
            case "CoreShowChannels" if not self.reporting:
                return [{"Response": "Error", "Message": "Permission denied"}]
            case "CoreShowChannels":
                shown = [{"Event": "CoreShowChannel", "Uniqueid": id, "Linkedid": id} for id in self.channels]
                return [{**good, "EventList": "start"}, *shown, {"Event": "CoreShowChannelsComplete"}]
            case "CoreSettings":
                return [{**good, "AsteriskVersion": "20.9.3"}]
            case "Ping":
                return [{**good, "Ping": "Pong"}]
        return [{"Response": "Error", "Message": "Invalid/unknown command"}]

    def _right(self, action: Mapping[str, str]) -> bool:
        key = hashlib.md5((CHALLENGE + SECRET).encode()).hexdigest()
        return (action.get("Username"), action.get("Key")) == (USER, key)


def packet(fields: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode() + b"\r\n"


@contextmanager
def listening(tls: Path | None = None) -> Iterator[Ami]:
    """With `tls`, the file of a certificate and its key, every line is encrypted from its first byte."""
    ami = Ami(tls)
    try:
        yield ami
    finally:
        ami.close()


@cache
def client(allow_private: bool) -> guard.Client:
    return guard.Client(allow_private=allow_private)


def connector(ami: Ami | None = None, *, allow_private: bool = True, **settings: Any) -> Asterisk:
    stored = {"secret": SIGNING, **settings}
    if ami is not None:
        there = {"ami_host": "127.0.0.1", "ami_port": ami.port, "ami_user": USER, "ami_secret": SECRET}
        stored = {**stored, **there, **settings}
    made = registry.build(
        "asterisk",
        stored,
        client(allow_private),
        Context("k1", "https://desk.example.jp"),
    )
    assert isinstance(made, Asterisk)
    return made


def channel(name: str = "PJSIP/trunk-0000000a", **more: str) -> dict[str, str]:
    """What every event tells of the channel it is about: here that of who calls."""
    return {
        "Channel": name,
        "ChannelStateDesc": "Ring",
        "CallerIDNum": TARO,
        "CallerIDName": "<unknown>",
        "ConnectedLineNum": "<unknown>",
        "Exten": DID,
        "Uniqueid": CALL,
        "Linkedid": CALL,
        **more,
    }


def desk(number: str = "201", unique: str = "1795222770.12") -> dict[str, str]:
    """The other channel: a colleague's telephone."""
    return {"DestChannel": f"PJSIP/{number}-0000000b", "DestUniqueid": unique, "DestLinkedid": CALL}


def answered_call() -> list[dict[str, str]]:
    """Two telephones ring, one is taken, and its owner talks until the caller hangs up; with noise between."""
    stamps = iter(f"1795222{second}.5" for second in (770, 771, 771, 772, 778, 778, 903, 903))
    told: list[dict[str, str]] = [
        {"Event": "Newchannel", **channel()},
        {"Event": "DialBegin", **channel(), **desk()},
        {"Event": "DialBegin", **channel(), **desk("202", "1795222770.13")},
        {"Event": "VarSet", **channel(), "Variable": "X", "Value": "1"},
        {"Event": "DialEnd", **channel(), **desk("202", "1795222770.13"), "DialStatus": "CANCEL"},
        {"Event": "DialEnd", **channel(), **desk(), "DialStatus": "ANSWER"},
        {"Event": "Hangup", **channel("PJSIP/201-0000000b", Uniqueid="1795222770.12"), "Cause": "16"},
        {"Event": "Hangup", **channel(), "Cause": "16"},
    ]
    return [{**event, "Timestamp": next(stamps)} for event in told]
