"""A chat client of your own: each line typed is sent, what the bot and the agents say is printed.

Needs Python and `pip install websockets`. HOST is the address of the desk, KEY the key of a web chat channel. What
was not acknowledged when the line broke is sent again under its id: one at a time, in order, and it is stored once.
"""

import asyncio
import json
import os
import random
import sys
import urllib.request
import uuid
from typing import Any

import websockets

HOST, KEY = os.environ["HOST"], os.environ["KEY"]
outbox: list[dict[str, Any]] = []  # what was not acknowledged yet
session: dict[str, Any] = {"t": "hello", "v": 1, "locale": "ja", "after": 0}


def ticket() -> str:
    with urllib.request.urlopen(f"{HOST}/widget/{KEY}/config?locale=ja", timeout=30) as answer:
        return str(json.load(answer)["ticket"])


async def say(line: websockets.ClientConnection) -> None:
    said = ""
    while True:
        if outbox and outbox[0]["id"] != said:
            said = outbox[0]["id"]
            await line.send(json.dumps({"t": "send", **outbox[0]}))
        await asyncio.sleep(0.05)


async def hear(line: websockets.ClientConnection) -> None:
    async for text in line:
        frame = json.loads(text)
        if frame["t"] == "ping":
            await line.send('{"t": "pong"}')
        if "token" in frame:
            session["token"] = frame["token"]
        if frame["t"] in ("ack", "error") and outbox and frame.get("id") == outbox[0]["id"]:
            outbox.pop(0)
        for message in [frame] if frame["t"] == "message" else frame.get("messages", []):
            if message["id"] > session["after"] and message["author"]["kind"] != "customer":
                print(
                    f"{message['author']['name'] or message['author']['kind']}: {message['text']}", flush=True
                )
            session["after"] = max(session["after"], message["id"])


async def talk() -> None:
    while True:
        try:
            async with websockets.connect(f"{HOST.replace('http', 'ws', 1)}/widget/{KEY}/socket") as line:
                await line.send(json.dumps({**session, "ticket": ticket()}))
                saying = asyncio.create_task(say(line))
                try:
                    await hear(line)
                finally:
                    saying.cancel()
        except (OSError, websockets.WebSocketException):
            pass  # not there, or gone: again in a while
        await asyncio.sleep(random.uniform(0.5, 3))


async def main() -> None:
    talking = asyncio.create_task(talk())
    while text := await asyncio.to_thread(sys.stdin.readline):
        outbox.append({"id": str(uuid.uuid4()), "text": text.strip()})
    await talking


asyncio.run(main())
