"""The JSON doors: the record, misbehaviour, what customers do, settings, the clock."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from app.sandbox.faults import BadFault, fault_of
from app.sandbox.house import BadAct, House, Platform

Work = Callable[[Request, Any], Awaitable[Any]]
ACTS_AT_ONCE = 200  # of one request, before others have their turn


class Control:
    """What tests and the pages ask and tell."""

    def __init__(self, house: House, platforms: Mapping[str, Platform]) -> None:
        self.house, self.platforms = house, platforms

    def routes(self) -> list[BaseRoute]:
        """All doors. Those that change something take JSON, and only from pages of our own."""
        return [
            Route("/record", self.record, methods=["GET"]),
            Route("/state", self.state, methods=["GET"]),
            Route("/faults", self.faults, methods=["GET"]),
            Route("/faults", _door(self.set_faults), methods=["PUT", "POST"]),
            Route("/reset", _door(self.reset), methods=["POST"]),
            Route("/clock", _door(self.clock), methods=["POST"]),
            Route("/act/{platform}", _door(self.act), methods=["POST"]),
            Route("/settings/{platform}", _door(self.set), methods=["POST"]),
        ]

    async def record(self, request: Request) -> Response:
        """GET /record?what=accepted&platform=line&since=0: {"entries": [...], "forgotten": n}, in order."""
        asked = dict(request.query_params)
        since = int(asked.pop("since", "0")) if asked.get("since", "0").isdecimal() else 0
        entries = self.house.record.find(since, **asked)
        return JSONResponse({"entries": entries, "forgotten": self.house.record.forgotten})

    async def state(self, _request: Request) -> Response:
        """GET /state: every platform's settings, customers and how many webhooks wait."""
        told = {
            name: {
                "settings": platform.settings(),
                "waiting": platform.hooks.waiting,
                "customers": [one.told() for one in platform.talks.customers.values()],
            }
            for name, platform in self.platforms.items()
        }
        return JSONResponse({"seed": self.house.seed, "platforms": told})

    async def faults(self, _request: Request) -> Response:
        """GET /faults: the rules in force."""
        return JSONResponse({"faults": self.house.faults.told()})

    async def set_faults(self, request: Request, told: Any) -> Any:
        """POST /faults: one more rule, or a list of them. PUT: these and no others."""
        rules = [fault_of(one) for one in (told if isinstance(told, list) else [told])]
        if request.method == "PUT":
            self.house.faults.clear()
        for rule in rules:
            self.house.faults.add(rule)
        return {"faults": self.house.faults.told()}

    async def reset(self, _request: Request, told: Any) -> Any:
        """POST /reset: everything as at the start, with another `seed` if one is given."""
        if isinstance(told, dict) and isinstance(told.get("seed"), int):
            self.house.seed = self.house.ids.seed = self.house.faults.seed = told["seed"]
        self.house.reset()
        for platform in self.platforms.values():
            platform.reset()
        return {}

    async def clock(self, _request: Request, told: Any) -> Any:
        """POST /clock {"forward": seconds}: the sandbox's time goes on."""
        self.house.clock.ahead += float(told["forward"])
        return {"ahead": self.house.clock.ahead}

    async def act(self, request: Request, told: Any) -> Any:
        """POST /act/line {"user": id, "action": …}, or a list of such: what customers do; ids of what came of it."""
        platform = self._platform(request)
        done = []
        for place, action in enumerate(told if isinstance(told, list) else [told]):
            talk = platform.customer(str(action.get("talk") or action.get("user", "")))
            while talk.moment == (moment := self.house.clock.milliseconds()):
                await asyncio.sleep(0.0005)
            talk.moment = moment
            done.append(platform.act(talk, action))
            if place % ACTS_AT_ONCE == ACTS_AT_ONCE - 1:
                await asyncio.sleep(0)
        return done if isinstance(told, list) else done[0]

    async def set(self, request: Request, told: Any) -> Any:
        """POST /settings/line: set some of what /state shows."""
        platform = self._platform(request)
        platform.set(told)
        return platform.settings()

    def _platform(self, request: Request) -> Platform:
        found = self.platforms.get(request.path_params["platform"])
        if found is None:
            raise BadAct(f"platform must be one of {', '.join(self.platforms)}")
        return found


def _door(work: Work) -> Callable[[Request], Awaitable[Response]]:
    """Reads JSON and answers with JSON; what cannot be done is a sentence with 422."""

    async def opened(request: Request) -> Response:
        origin = request.headers.get("origin")
        if origin is not None and origin.partition("://")[2] != request.headers.get("host"):
            return JSONResponse({"error": "Only pages of the sandbox itself may do this."}, 403)
        try:
            return JSONResponse(await work(request, json.loads(await request.body() or b"{}")))
        except (BadAct, BadFault) as error:
            return JSONResponse({"error": str(error)}, 422)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return JSONResponse({"error": f"This is not what the door takes: {error!r}"}, 422)

    return opened
