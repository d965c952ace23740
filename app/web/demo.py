"""`/demo`: a shop that does not exist, with the chat on it; what a business's own site would do beside it."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app import demo, i18n, intake, linking, vault
from app.auth import cookies
from app.auth.headers import policy
from app.config import settings
from app.db import now, reading, transaction
from app.demo import call_log, goods, identity, shop
from app.i18n import gettext
from app.played import CONNECTED, line_id
from app.web.pages import page, spoken, text, with_form
from channels import base, signing

TONGUE, WHO, LEFT = "demo_lang", "demo_customer", "demo_left"
YEAR = 365 * 86_400
FEATURED = ("C-10234", "C-20018", "C-10871", "C-20044", "C-11502", "C-20052", "C-10655", "C-10003")
ROLES = {"agent": "Agent", "supervisor": "Supervisor", "admin": "Admin", "store": "Shop staff"}
STRICT = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; frame-src 'self'; "
    "style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
GUIDE = (
    (
        "shipping",
        "Shipping",
        ("送料", "お届けまでの日数", "お届け日時の指定"),
        ("Shipping cost", "Delivery time"),
    ),
    ("abroad", "Shipping abroad", ("海外への配送",), ("International shipping",)),
    ("returns", "Returns and exchanges", ("返品", "交換", "返金の時期"), ("Returns", "Exchanges", "Refunds")),
    ("sizes", "Sizes", ("サイズの選び方",), ("Choosing a size",)),
    ("care", "Care", ("素材とお手入れ",), ("Care",)),
    ("repair", "Repairs", ("修理・お直し",), ("Repairs and alterations",)),
    ("payment", "Payment", ("お支払い方法", "領収書"), ("Payment", "Receipts")),
    ("gift", "Gifts", ("ギフトラッピング",), ("Gift wrapping",)),
)
STORES = {
    "ja": (
        ("青山店", "東京都港区南青山4-5-12", "表参道駅A4出口から徒歩4分", "03-5550-0142"),
        ("神戸店", "兵庫県神戸市中央区栄町通3-2-8", "元町駅東口から徒歩6分", "078-555-0117"),
    ),
    "en": (
        ("Aoyama", "4-5-12 Minami-Aoyama, Minato, Tokyo", "4 min from Omotesando, exit A4", "03-5550-0142"),
        ("Kobe", "3-2-8 Sakaemachi-dori, Chuo, Kobe", "6 min from Motomachi, east exit", "078-555-0117"),
    ),
}


@dataclass(frozen=True)
class Order:
    """A line of the order history."""

    number: str
    good: goods.Good
    state: str


def home(request: Request) -> Response:
    """The front page, and how to try everything in a minute."""
    with reading() as db:
        accounts = demo.shown(db)
        names = [name for name in CONNECTED if shop.channel(db, f"sandbox-{name}")]
    tongue = _tongue(request)
    roles = {role: gettext(tongue, words) for role, words in ROLES.items()}
    new = [good for good in goods.goods().values() if good.new] + list(goods.goods().values())[-1:]
    return _page(
        request,
        "home",
        "",
        accounts=accounts,
        phones=settings().sandbox if names else "",
        line_id=line_id(identity.EVERYWHERE),
        played={name: CONNECTED[name] for name in names},
        roles=roles,
        goods=new,
    )


def telephone_log(_request: Request) -> Response:
    """A file as the shop's telephone system would export it, to be taken in under “Call logs”."""
    _must_be_shown()
    return Response(
        call_log.csv_of(now(), settings().timezone),
        media_type="text/csv; charset=Shift_JIS",
        headers={
            "Content-Disposition": f'attachment; filename="{call_log.NAME}"',
            "Cache-Control": "no-store",
        },
    )


def products(request: Request) -> Response:
    """Everything the shop sells."""
    return _page(request, "products", "products", goods=list(goods.goods().values()))


def product(request: Request) -> Response:
    """One product with its stock in each place."""
    slug = request.path_params["slug"]
    if slug not in goods.goods():
        raise HTTPException(404)
    number = list(goods.goods()).index(slug) + 101
    return _page(request, "product", f"products/{slug}", good=goods.goods()[slug], number=number)


def guide(request: Request) -> Response:
    """The long version of what the chat answers, from the same text."""
    tongue = _tongue(request)
    known = {entry["title"]: entry for entry in shop.told(f"faq.{tongue}")["entry"]}
    sections = [
        (
            anchor,
            gettext(tongue, heading),
            [known[title] for title in (japanese if tongue == "ja" else english)],
        )
        for anchor, heading, japanese, english in GUIDE
    ]
    return _page(request, "guide", "guide", sections=sections)


def stores(request: Request) -> Response:
    """The shop, its history and its two stores."""
    return _page(request, "stores", "stores", stores=STORES[_tongue(request)])


def mypage(request: Request) -> Response:
    """Sign in as one of the shop's customers, or see what the shop knows of the one signed in."""
    people = {account.user: account for account in identity.accounts()}
    known = _customer(request)
    response = _page(
        request,
        "mypage",
        "mypage",
        people=[people[user] for user in FEATURED],
        orders=_orders(known, _tongue(request)) if known else [],
        link_token=request.query_params.get(linking.PARAMETER, ""),
    )
    if played := settings().sandbox:  # the form that links accounts leads on to what plays LINE
        own = policy(request.headers.get("host", ""))
        told = own.replace("form-action 'self'", f"form-action 'self' {played}")
        response.headers["Content-Security-Policy"] = told
    return response


def strict(request: Request) -> Response:
    """A page with the strictest policy the chat works under."""
    response = _page(request, "strict", "", policy=STRICT.replace("; ", ";\n"))
    host = request.url.netloc  # checked, unlike the header: it stands in a policy
    sockets = f"connect-src 'self' ws://{host} wss://{host}"  # Safari before 15.4: 'self' is no socket
    response.headers["Content-Security-Policy"] = STRICT.replace("connect-src 'self'", sockets)
    return response


def enter(request: Request, form: FormData) -> Response:
    """Sign in at the shop: no password, everybody here is invented."""
    _must_be_shown()
    user = text(form, "user")
    if user not in {account.user for account in identity.accounts()}:
        raise HTTPException(422)
    token = text(form, "link_token")
    again = f"?{urlencode({linking.PARAMETER: token})}" if token else ""
    response = RedirectResponse(f"/demo/mypage{again}", 303)
    response.set_cookie(WHO, user, httponly=True, samesite="lax", path="/demo")
    return response


def leave(request: Request, _form: FormData) -> Response:
    """Sign out at the shop; the page that follows tells the chat to forget."""
    response = RedirectResponse("/demo/mypage", 303)
    response.delete_cookie(WHO, path="/demo")
    response.set_cookie(LEFT, "1", max_age=60, httponly=True, samesite="lax", path="/demo")
    return response


def telephone(request: Request) -> Response:
    """A telephone from which the shop's line rings, for who wants to see what comes of it."""
    callers = [account for account in identity.accounts() if account.phone]
    known = {account.user for account in callers}
    who = request.query_params.get("who", "")
    state = request.query_params.get("state", "")
    return _page(
        request,
        "telephone",
        "telephone",
        callers=callers,
        who=who if who in known else "",
        call=request.query_params.get("call", "")[:40],
        state=state if state in ("ringing", "answered") else "",
    )


def dial(request: Request, form: FormData) -> Response:
    """The call goes one step on: told as the telephone system would tell it."""
    _must_be_shown()
    phones = {account.user: account.phone for account in identity.accounts()}
    who, call, state = text(form, "who"), text(form, "call")[:40], text(form, "state")
    if state not in ("ringing", "answered", "ended"):
        raise HTTPException(422)
    call = call or secrets.token_hex(8)
    with reading() as db:
        line = shop.channel(db, shop.PHONE)
    if line is None or not line.enabled:
        raise HTTPException(404)
    viewer = request.state.viewer
    told = {
        "call_id": call,
        "event": state,
        "at": now().isoformat(),
        f"{'started' if state == 'ringing' else state}_at": now().isoformat(),
        "from": phones.get(who) or "非通知",
        "line": line.name,
        **({"agent": viewer.email} if viewer and state != "ringing" else {}),
    }
    body = json.dumps({"events": [told]}).encode()
    stamp = int(now().timestamp())
    sign = signing.sign(vault.unseal(line.secrets)["secret"], stamp, body)
    headers = {"content-type": "application/json", signing.HEADER.lower(): f"t={stamp},v1={sign}"}
    with transaction() as db:
        receipt = intake.store(db, line, base.Request("POST", f"/hooks/{line.key}", headers, body=body))
    intake.read_receipt(receipt.id)
    on = {} if state == "ended" else {"call": call, "state": state}
    return RedirectResponse(f"/demo/telephone?{urlencode({'who': who, **on})}", 303)


def _must_be_shown() -> None:
    with reading() as db:
        if not demo.shown(db):
            raise HTTPException(404)


def _page(request: Request, name: str, path: str, **context: Any) -> Response:
    with reading() as db:
        chat = shop.channel(db)
        loaded = bool(demo.shown(db))
    tongue = _tongue(request)
    if chat is None or not loaded:
        return page(request, "demo/missing.html", status=404, locale=tongue)
    known = _customer(request)
    response = page(
        request,
        f"demo/{name}.html",
        locale=tongue,
        title=goods.title(path, tongue),
        channel=chat.key,
        customer=known,
        jwt=identity.sign(known, chat, now()) if known else "",
        left=LEFT in request.cookies,
        **context,
    )
    _remember(request, response, tongue)
    return response


def _remember(request: Request, response: Response, tongue: str) -> None:
    if request.query_params.get("lang") in i18n.LOCALES:
        response.set_cookie(TONGUE, tongue, max_age=YEAR, httponly=True, samesite="lax", path="/demo")
    if LEFT in request.cookies:
        response.delete_cookie(LEFT, path="/demo")
    if request.state.viewer is None:  # the forms' token, for who is not signed in to the inbox
        cookies.put(response, request.scope, request.state.csrf, cookies.BEFORE)


def _tongue(request: Request) -> str:
    """Chosen on the page, else the browser's first language that there is."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(TONGUE)):
        if chosen in i18n.LOCALES:
            return chosen
    return spoken(request)


def _customer(request: Request) -> identity.Account | None:
    user = request.cookies.get(WHO)
    return next((account for account in identity.accounts() if account.user == user), None)


def _orders(account: identity.Account, tongue: str) -> list[Order]:
    """Two orders, always the same for the same person."""
    seed, everything = int(account.user[2:]), list(goods.goods().values())
    states = [gettext(tongue, words) for words in ("On its way", "Delivered")]
    return [
        Order(
            f"K{10600 - (seed * (place + 3)) % 260}", everything[(seed + place * 3) % len(everything)], state
        )
        for place, state in enumerate(states)
    ]


routes = [
    Route("/demo", home, methods=["GET"]),
    Route("/demo/products", products, methods=["GET"]),
    Route("/demo/products/{slug}", product, methods=["GET"]),
    Route(f"/demo/{call_log.NAME}", telephone_log, methods=["GET"]),
    Route("/demo/guide", guide, methods=["GET"]),
    Route("/demo/stores", stores, methods=["GET"]),
    Route("/demo/mypage", mypage, methods=["GET"]),
    Route("/demo/strict", strict, methods=["GET"]),
    Route("/demo/telephone", telephone, methods=["GET"]),
    Route("/demo/telephone", with_form(dial), methods=["POST"]),
    Route("/demo/login", with_form(enter), methods=["POST"]),
    Route("/demo/logout", with_form(leave), methods=["POST"]),
]
