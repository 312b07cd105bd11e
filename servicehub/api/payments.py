"""Payments over HTTP: going to the cashier, what channels report, and the simulated channel's cashier page.

Owns the requests only. A report is answered after its effect is durable; anything but 2xx makes the channel report again.
"""

from __future__ import annotations

import asyncio
from html import escape
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from servicehub import clock
from servicehub.adapters.gateway import gateway, pays_in_wechat, simulator
from servicehub.adapters.gateway_simulator import Bill
from servicehub.api.callers import actor_of, address_of
from servicehub.api.headers import page_policy
from servicehub.db import database
from servicehub.domain.access import Role
from servicehub.domain.channel import PayState, Scene, scene_of
from servicehub.domain.payment import OURS
from servicehub.errors import NotFound, ServiceHubError
from servicehub.routes import same_site
from servicehub.services import identities
from servicehub.settings import get_settings
from servicehub.texts import HTML_LANG, N_, Locale, as_locale, localized_path, money, path_locale, say
from servicehub.texts.formats import yuan
from servicehub.workflows import checkout

OUTSIDE_WECHAT = ("wechat", "alipay")
"""Channels whose pages WeChat's browser does not open (H5 payments are for others, and Alipay is blocked there), and that desktops
pay by a code to be scanned."""
STATE_TEXTS = {
    PayState.PAID: N_("This payment has been made."),
    PayState.CLOSED: N_("This payment is closed."),
}


async def start(request: Request) -> Response:
    """Form fields: no, method, tip, addon (which proposal), locale, and each tender of ours by its name.

    To the channel's cashier, or back to the pay page with the refusal's code.
    """
    async with request.form(max_files=0, max_fields=10) as form:
        no, method = str(form.get("no", ""))[:16], str(form.get("method", ""))[:16]
        tip_fen, ours = _fen(str(form.get("tip", ""))), tuple(name for name in OURS if form.get(name) == "1")
        addon, locale = _fen(str(form.get("addon", "")), 15), as_locale(form.get("locale"))
    scene, channel = scene_of(request.headers.get("user-agent", "")), checkout.methods().get(method)
    if scene is Scene.WECHAT and channel in OUTSIDE_WECHAT and not (channel == "wechat" and pays_in_wechat()):
        return open_elsewhere(no, locale, addon)
    what = {"tip": str(tip_fen or ""), "addon": str(addon or "")}
    asked = {"o": no, "m": method, **what, "with": ",".join(ours), "s": scene.value}
    page = (
        f"{localized_path('/pay/scan/', locale)}?{urlencode({name: value for name, value in asked.items() if value})}"
    )
    try:
        actor = await actor_of(request, Role.CUSTOMER)
        if scene is Scene.WECHAT and channel == "wechat":
            known = await database().read(identities.openid_of, actor.user_id)
            return RedirectResponse(page, 303) if known else leaving(_asking_who(page), locale)
        if scene is Scene.DESKTOP and channel in OUTSIDE_WECHAT:
            return RedirectResponse(page, 303)
        ip = address_of(request.scope)
        action = await checkout.start(
            database(), actor, no, method, locale=locale, client_ip=ip, tip_fen=tip_fen, proposal_id=addon, ours=ours
        )
    except ServiceHubError as refusal:
        query = urlencode({"o": no, "error": refusal.code} | {name: value for name, value in what.items() if value})
        return RedirectResponse(f"{localized_path('/pay/', locale)}?{query}", 303)
    return RedirectResponse(action.url, 303) if action.url.startswith("/") else leaving(action.url, locale)


def _asking_who(page: str) -> str:
    """To WeChat, which tells us who pays, and on to `page`."""
    return f"/api/wechat/authorize?{urlencode({'next': page})}"


def _fen(text: str, digits: int = 6) -> int:
    """A number as the page has sent it; what is none asks for what does not exist, and is refused."""
    if not text:
        return 0
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else -1


async def notify(request: Request) -> Response:
    """A channel's message, verified by its signature over the raw body."""
    raw = await request.body()
    headers = dict(request.headers)
    channel = request.path_params["channel"]
    await asyncio.to_thread(checkout.deliver, database(), channel, headers, raw, now=clock.now())
    word = gateway(channel).acknowledgement
    return PlainTextResponse(word) if word else Response(status_code=204)


async def cashier(request: Request) -> Response:
    """The simulated channel's page for one payment."""
    bill = await asyncio.to_thread(_bill, request)
    return _html(_page(bill))


async def decide(request: Request) -> Response:
    """The visitor's decision at the simulated cashier: form field `do` is pay, fail or leave."""
    bill = await asyncio.to_thread(_bill, request)
    async with request.form(max_files=0, max_fields=4) as form:
        decision = form.get("do")
    if decision == "pay":
        await asyncio.to_thread(simulator().pay, bill.no)
    target = same_site(bill.return_path)
    if decision == "fail":
        target += "&failed=1"
    return RedirectResponse(target, 303)


def _bill(request: Request) -> Bill:
    bill = simulator().bill(request.path_params["no"])
    if bill is None:
        raise NotFound("no such payment")
    return bill


PLAIN = (
    "*{box-sizing:border-box}body,h1,p,form{margin:0}button{border:0;font:inherit;cursor:pointer}"
    ".m{display:block}.pad{padding-top:3rem;text-align:center}.card{padding:1.75rem 1.25rem}.sum{font-size:2.5rem;line-height:1.3}"
    "form{margin-top:1rem}.btn{width:100%}"
)
"""What pages of ours otherwise have from their build."""


def _page(bill: Bill) -> str:
    locale = path_locale(bill.return_path)
    title = say(locale, N_("Demo cashier"))
    method = money.of(locale, money.METHODS, bill.method)
    return _document(
        locale,
        title,
        f"""<h1 class="f18 w6">{escape(title)}</h1>
<p class="mut f13">{escape(say(locale, N_("For trying things out: no real money moves.")))}</p>
<p class="num sum">{escape(yuan(bill.amount_fen, always_decimals=True))}</p>
<p class="ink2 f15">{escape(bill.title)}</p>
<p class="mut f13">{escape(method)} · {escape(say(locale, N_("Order {no}"), no=bill.order_no))}</p>
{_buttons(bill, locale)}""",
    )


def leaving(url: str, locale: Locale) -> Response:
    """On to the channel: a page of ours, because a form may not be sent on to another site."""
    title = say(locale, N_("On to the payment"))
    body = f"""<h1 class="f18 w6">{escape(title)}</h1>
<p class="mut f13" role="status">{escape(say(locale, N_("If nothing happens within a few seconds, tap below.")))}</p>
<a class="btn btn-p btn-l" href="{escape(url)}">{escape(say(locale, N_("Continue")))}</a>"""
    head = f'<meta http-equiv="refresh" content="0;url={escape(url)}">'
    return _html(_document(locale, title, body, head))


def open_elsewhere(no: str, locale: Locale, addon: int = 0) -> Response:
    """A page of ours that says where the payment can be made instead."""
    title = say(locale, N_("Please pay in your browser"))
    why = say(locale, N_("Tap ··· at the top right and choose “Open in browser”. Your order is kept meanwhile."))
    back = f"{localized_path('/pay/', locale)}?{urlencode({'o': no} | ({'addon': addon} if addon else {}))}"
    body = f"""<h1 class="f18 w6">{escape(title)}</h1>
<p class="f15 ink2" role="status">{escape(why)}</p>
<a class="btn btn-o btn-l" href="{escape(same_site(back))}">{escape(say(locale, N_("Back to the order")))}</a>"""
    return _html(_document(locale, title, body))


def _document(locale: Locale, title: str, body: str, head: str = "") -> str:
    return f"""<!doctype html>
<html lang="{HTML_LANG[locale]}"><head><meta charset="utf-8">{head}
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<title>{escape(title)} · {escape(get_settings().brand_name)}</title>
<link rel="stylesheet" href="/ui.css"><style>{PLAIN}</style></head>
<body><main class="m"><div class="pad"><div class="card card-p col g12">
{body}
</div></div></main></body></html>"""


def _html(document: str) -> Response:
    return HTMLResponse(document, headers={"content-security-policy": page_policy([]), "cache-control": "no-store"})


def _buttons(bill: Bill, locale: Locale) -> str:
    if bill.state is not PayState.WAITING:
        back = escape(say(locale, N_("Back to the order")))
        return (
            f'<p role="status">{escape(say(locale, STATE_TEXTS[bill.state]))}</p>'
            f'<a class="btn btn-p btn-l" href="{escape(same_site(bill.return_path))}">{back}</a>'
        )
    choices = (
        ("pay", "btn btn-p btn-l", N_("Confirm payment")),
        ("fail", "btn btn-o", N_("Let it fail")),
        ("leave", "btn btn-g", N_("Not now")),
    )
    buttons = "".join(
        f'<button class="{kind}" name="do" value="{value}">{escape(say(locale, text))}</button>'
        for value, kind, text in choices
    )
    return f'<form method="post" class="col g12">{buttons}</form>'


ROUTES = [
    Route("/api/payments/start", start, methods=["POST"]),
    Route("/api/payments/notify/{channel}", notify, methods=["POST"]),
    Route("/sim/pay/{no}", cashier, methods=["GET"]),
    Route("/sim/pay/{no}", decide, methods=["POST"]),
]
