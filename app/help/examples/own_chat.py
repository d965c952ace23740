"""A chat client of your own: each line typed is sent, what the bot and the agents say is printed.

Needs Python alone. HOST is the address of the desk, KEY the key of a web chat channel. What was not acknowledged is
sent again under its id, one at a time and in order, and stored once. The same frames go over a WebSocket, too.
"""

import json
import os
import random
import sys
import threading
import time
import uuid
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

CHAT = f"{os.environ['HOST']}/widget/{os.environ['KEY']}"


def answered(request: Request) -> Any:
    try:
        return urlopen(request, timeout=60)
    except HTTPError as error:
        return error  # it says why


def ask(path: str, token: str = "", *said: dict[str, Any]) -> dict[str, Any]:
    """The answer. What is not taken now is asked again; where there is no way on, the program ends."""
    body = json.dumps({"token": token, "frames": said}).encode() if said else None
    while True:
        try:
            with answered(Request(CHAT + path, body, {"Authorization": f"Bearer {token}"})) as answer:
                told = dict(json.load(answer))
        except (OSError, HTTPException, TypeError, ValueError):
            told = {}  # not there, or not the desk
        trouble: dict[str, Any] = next(
            (frame for frame in told.get("frames", []) if frame["t"] == "error"), {}
        )
        if trouble:
            print(f"! {trouble['sentence']}", flush=True)
        if trouble.get("fatal") or trouble.get("code") == "token":
            os._exit(1)
        if told.keys() & {"frames", "ticket"} and "retry_after" not in trouble:
            return told
        time.sleep(trouble.get("retry_after", random.uniform(0.5, 3)))


def say(token: str) -> None:
    for line in sys.stdin:
        ask("/frames", token, {"t": "send", "id": str(uuid.uuid4()), "text": line.strip()})


hello = {"t": "hello", "v": 1, "locale": "ja", "ticket": ask("/config")["ticket"]}
mine, seen = ask("/frames", "", hello)["frames"][0]["token"], {0}
threading.Thread(target=say, args=[mine], daemon=True).start()
while True:
    for frame in ask(f"/events?after={max(seen)}&wait=25", mine)["frames"]:
        if frame.get("prev", 0) > max(seen):
            break  # something before it is missing: it comes again, after that
        for message in frame.get("messages", [frame] if frame["t"] == "message" else []):
            if message["id"] not in seen and message["author"]["kind"] != "customer":
                print(f"{message['author']['name'] or 'bot'}: {message['text']}", flush=True)
            seen.add(message["id"])
