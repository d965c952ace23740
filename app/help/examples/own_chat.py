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
seen: set[int] = set()
session: dict[str, Any] = {"t": "hello", "v": 1, "locale": "ja", "after": 0}


def ticket() -> str:
    with urllib.request.urlopen(f"{HOST}/widget/{KEY}/config?locale=ja", timeout=30) as answer:
        return str(json.load(answer)["ticket"])


async def say(line: websockets.ClientConnection, answers: asyncio.Queue[dict[str, Any]]) -> None:
    while True:
        while not outbox:
            await asyncio.sleep(0.05)
        await line.send(json.dumps({"t": "send", **outbox[0]}))
        answer = await answers.get()
        if "retry_after" in answer:  # not now: it is kept till then
            await asyncio.sleep(answer["retry_after"])
        else:
            outbox.pop(0)


async def hear(line: websockets.ClientConnection, answers: asyncio.Queue[dict[str, Any]]) -> None:
    async for text in line:
        frame = json.loads(text)
        if frame["t"] == "ping":
            await line.send('{"t": "pong"}')
        if "token" in frame:
            session["token"] = frame["token"]
        if frame["t"] == "error":
            print(f"! {frame['sentence']}", flush=True)
        if frame["t"] in ("ack", "error") and outbox and frame.get("id") == outbox[0]["id"]:
            answers.put_nowait(frame)
        missed = frame.get("prev", 0) > session["after"]  # then this one comes again, after what is missing
        for message in frame.get("messages", [frame] if "prev" in frame and not missed else []):
            show(message)
        if missed or frame.get("newer"):
            await line.send(json.dumps({"t": "history", "after": session["after"]}))


def show(message: dict[str, Any]) -> None:
    author = message["author"]
    if message["id"] not in seen and author["kind"] != "customer":
        print(f"{author['name'] or author['kind']}: {message['text']}", flush=True)
    seen.add(message["id"])
    session["after"] = max(session["after"], message["id"])


async def talk() -> None:
    while True:
        try:
            async with websockets.connect(f"{HOST.replace('http', 'ws', 1)}/widget/{KEY}/socket") as line:
                await line.send(json.dumps({**session, "ticket": ticket()}))
                answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
                saying = asyncio.create_task(say(line, answers))
                try:
                    await hear(line, answers)
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
