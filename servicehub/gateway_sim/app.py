"""The simulator as one application: both platforms, the cashier where a visitor pays, and what tests and developers turn.

`/control/…` and the cashier are open to whoever reaches the port: it is bound to this machine.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from servicehub.gateway_sim.alipay import Alipay
from servicehub.gateway_sim.keys import Keys
from servicehub.gateway_sim.platform import RETRY_AFTER_S, Faults, Platform
from servicehub.gateway_sim.wechat import WechatPay

NAMES = {"wechat": "微信支付", "alipay": "支付宝"}
STYLE = """
body{margin:0;font:16px/1.5 system-ui,sans-serif;background:#f4f5f5;color:#17211f}
main{max-width:420px;margin:0 auto;padding:48px 16px}
.card{background:#fff;border-radius:16px;padding:28px 20px;text-align:center}
h1{font-size:18px;margin:0 0 4px}.sum{font-size:40px;margin:16px 0 4px;font-variant-numeric:tabular-nums}
.mut{color:#55635f;font-size:14px;margin:4px 0}
form{display:grid;gap:12px;margin-top:24px}
button,a.b{font:inherit;min-height:48px;border:0;border-radius:24px;background:#e6ebea;color:#17211f;cursor:pointer;
display:grid;place-items:center;text-decoration:none}
button.p{background:#0b7d6c;color:#fff}
button:focus-visible,a.b:focus-visible{outline:3px solid #0b7d6c;outline-offset:2px}
@media(prefers-color-scheme:dark){body{background:#0e1413;color:#e7eeec}.card{background:#18211f}.mut{color:#a9b8b4}
button,a.b{background:#2a3633;color:#e7eeec}button.p{background:#3ec2ac;color:#06201b}}
"""


class Cashier:
    """The page on which a visitor pays, walks away, or lets it fail; and the control plane."""

    def __init__(self, platform: Platform, wechat: WechatPay, alipay: Alipay) -> None:
        self._platform, self._pay = platform, {"wechat": wechat.pay, "alipay": alipay.pay}
        self.routes = [
            Route("/cashier/{channel}", self.page, methods=["GET"]),
            Route("/cashier/{channel}", self.decide, methods=["POST"]),
            Route("/control/pay/{channel}/{no}", self.pay, methods=["POST"]),
            Route("/control/faults", self.faults, methods=["POST"]),
            Route("/control/release", self.release, methods=["POST"]),
            Route("/control/sent", self.sent, methods=["GET"]),
        ]

    async def page(self, request: Request) -> Response:
        """What is to be paid, and what one can do."""
        channel, known = self._known(request)
        if known is None:
            return HTMLResponse(_page("没有这笔付款 · No such payment", ""), 404)
        title = str(known.get("description") or known.get("subject") or "")
        fen = int(known.get("total") or known.get("fen") or 0)
        back = escape(_back(request, known))
        waits = known["state"] in ("NOTPAY", "WAIT_BUYER_PAY")
        choices = (
            '<form method="post"><button class="p" name="do" value="pay">确认付款 · Pay</button>'
            '<button name="do" value="leave">暂不付款 · Not now</button></form>'
            if waits
            else f'<p role="status">这笔付款已结束 · This payment has ended</p><a class="b" href="{back}">返回 · Back</a>'
        )
        body = (
            f'<p class="mut">演示收银台，不会真的扣款</p><p class="mut" lang="en">Demo cashier: no real money moves</p>'
            f'<p class="sum">¥{fen / 100:.2f}</p>'
            f'<p class="mut">{escape(title)}</p>{choices}'
        )
        return HTMLResponse(_page(NAMES[channel], body))

    async def decide(self, request: Request) -> Response:
        """The visitor's choice; then back to the shop, as the platforms do."""
        channel, known = self._known(request)
        if known is None:
            return JSONResponse({"error": "no such payment"}, 404)
        async with request.form(max_files=0, max_fields=4) as form:
            choice = form.get("do")
        if choice == "pay":
            self._pay[channel](request.query_params["no"])
        return RedirectResponse(_back(request, known), 303)

    async def pay(self, request: Request) -> Response:
        """Pay without a page."""
        channel, no = request.path_params["channel"], request.path_params["no"]
        paid = channel in self._pay and self._pay[channel](no)
        return JSONResponse({"paid": paid}, 200 if paid else 409)

    async def faults(self, request: Request) -> Response:
        """Turn what goes wrong: the fields of `Faults`, all others as they are."""
        asked: dict[str, Any] = json.loads(await request.body() or b"{}")
        known = {one.name for one in fields(Faults)}
        for name, value in asked.items():
            if name in known:
                setattr(self._platform.faults, name, value)
        return JSONResponse(asdict(self._platform.faults))

    async def release(self, request: Request) -> Response:
        """Send the messages that were held, `?backwards=1` in reverse."""
        return JSONResponse({"sent": self._platform.release(backwards="backwards" in request.query_params)})

    async def sent(self, _request: Request) -> Response:
        """Which messages were answered, and how."""
        return JSONResponse(self._platform.sent)

    def _known(self, request: Request) -> tuple[str, dict[str, Any] | None]:
        channel, no = request.path_params["channel"], request.query_params.get("no", "")
        return channel, self._platform.get(channel, no) if channel in NAMES else None


def make(home: Path, *, retry_after_s: tuple[float, ...] = RETRY_AFTER_S) -> Starlette:
    """The application, with its keys and books in `home`; `app.state.platform` is what happens inside."""
    platform = Platform(Keys(home), retry_after_s=retry_after_s)
    wechat, alipay = WechatPay(platform), Alipay(platform)
    app = Starlette(routes=[*wechat.routes, *alipay.routes, *Cashier(platform, wechat, alipay).routes])
    app.state.platform, app.state.wechat, app.state.alipay = platform, wechat, alipay
    return app


def _back(request: Request, known: dict[str, Any]) -> str:
    """Where the shop wants the visitor back: WeChat Pay learns it from the address, Alipay from the request."""
    back = request.query_params.get("redirect_url") or known.get("return_url") or ""
    own = f"{request.url.path}?{urlencode({'no': request.query_params.get('no', '')})}"
    return back if back.startswith(("http://", "https://")) else own


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{STYLE}</style></head>"
        f'<body><main><div class="card"><h1>{escape(title)}</h1>{body}</div></main></body></html>'
    )
