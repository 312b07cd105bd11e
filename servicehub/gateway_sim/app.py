"""The simulator as one application: the platforms, the cashier where a visitor pays, and what tests and developers turn.

`/control/…` and the cashier are open to whoever reaches the port: it is bound to this machine.
"""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from html import escape
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from servicehub.gateway_sim.alipay_freeze import AlipayFreeze
from servicehub.gateway_sim.guarantee_cashier import GuaranteeCashier
from servicehub.gateway_sim.keys import Keys
from servicehub.gateway_sim.pages import page
from servicehub.gateway_sim.platform import RETRY_AFTER_S, Faults, Platform
from servicehub.gateway_sim.stripe import Stripe
from servicehub.gateway_sim.stripe_disputes import StripeDisputes
from servicehub.gateway_sim.transfer_cashier import TransferCashier
from servicehub.gateway_sim.wechat_oauth import WechatOAuth
from servicehub.gateway_sim.wechat_payscore import WechatPayScore

NAMES = {"wechat": "微信支付", "alipay": "支付宝", "stripe": "Stripe"}
WAITING = ("NOTPAY", "WAIT_BUYER_PAY", "open")


class Cashier:
    """The page on which a visitor pays, walks away, or lets it fail; and the control plane."""

    def __init__(self, platform: Platform, wechat: WechatPayScore, alipay: AlipayFreeze, stripe: Stripe) -> None:
        self._platform, self._stripe, self._wechat = platform, stripe, wechat
        self._pay = {"wechat": wechat.pay, "alipay": alipay.pay, "stripe": stripe.pay}
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
            return HTMLResponse(page("没有这笔付款 · No such payment", ""), 404)
        title = str(known.get("description") or known.get("subject") or "")
        fen = int(known.get("total") or known.get("fen") or 0)
        sign = "¥" if known.get("currency", "cny") == "cny" else f"{known['currency'].upper()} "
        back = escape(_back(request, known))
        choices = (
            '<form method="post"><button class="p" name="do" value="pay">确认付款 · Pay</button>'
            '<button name="do" value="fail">让它失败 · Let it fail</button>'
            '<button name="do" value="leave">暂不付款 · Not now</button></form>'
            if known["state"] in WAITING
            else f'<p role="status">这笔付款已结束 · This payment has ended</p><a class="b" href="{back}">返回 · Back</a>'
        )
        body = (
            f'<p class="mut">演示收银台，不会真的扣款</p><p class="mut" lang="en">Demo cashier: no real money moves</p>'
            f'<p class="sum">{escape(sign)}{fen / 100:.2f}</p>'
            f'<p class="mut">{escape(title)}</p>{_declined(channel, known)}{_held(known)}{choices}'
        )
        return HTMLResponse(page(NAMES[channel], body))

    async def decide(self, request: Request) -> Response:
        """The visitor's choice; then back to the shop, as the platforms do."""
        channel, known = self._known(request)
        if known is None:
            return JSONResponse({"error": "no such payment"}, 404)
        async with request.form(max_files=0, max_fields=4) as form:
            choice = form.get("do")
        if choice == "pay":
            self._pay[channel](self._no(request))
        elif choice == "fail":
            self._fail(channel, self._no(request), known)
            return RedirectResponse(str(request.url), 303)
        _channel, known = self._known(request)
        return RedirectResponse(_back(request, known or {}), 303)

    def _fail(self, channel: str, no: str, known: dict[str, Any]) -> None:
        """The payer has not enough, or his card is declined: he may try again here, or go back for another way."""
        if channel == "stripe":
            self._stripe.fail(no)
        elif known["state"] in WAITING:
            self._platform.put(channel, no, known | {"declined": True})

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

    def _no(self, request: Request) -> str:
        """The payment's number, or that of the code that was scanned."""
        code = request.query_params.get("pr", "")
        return self._wechat.scanned(code) if code else request.query_params.get("no", "")

    def _known(self, request: Request) -> tuple[str, dict[str, Any] | None]:
        channel, no = request.path_params["channel"], self._no(request)
        if channel == "stripe":
            return channel, self._stripe.shown(no)
        return channel, self._platform.get(channel, no) if channel in NAMES else None


def make(home: Path, *, retry_after_s: tuple[float, ...] = RETRY_AFTER_S) -> Starlette:
    """The application, with its keys and books in `home`; `app.state.platform` is what happens inside."""
    platform = Platform(Keys(home), retry_after_s=retry_after_s)
    wechat, alipay, stripe = WechatPayScore(platform), AlipayFreeze(platform), StripeDisputes(platform)
    cashier = Cashier(platform, wechat, alipay, stripe)
    agreeing = GuaranteeCashier(platform, wechat, alipay, stripe)
    app = Starlette(
        routes=[
            *wechat.routes,
            *WechatOAuth(platform).routes,
            *alipay.routes,
            *stripe.routes,
            *agreeing.routes,
            *TransferCashier(wechat.transfers).routes,
            *cashier.routes,
        ],
        exception_handlers={ClientDisconnect: _nobody_listens},
    )
    app.state.platform, app.state.wechat, app.state.alipay, app.state.stripe = platform, wechat, alipay, stripe
    return app


def _nobody_listens(_request: Request, _error: Exception) -> Response:
    """Who asked has gone, in the middle of asking."""
    return Response(status_code=400)


def _back(request: Request, known: dict[str, Any]) -> str:
    """Where the shop wants the visitor back: WeChat Pay learns it from the address, the others from the request."""
    back = request.query_params.get("redirect_url") or known.get("return_url") or ""
    own = f"{request.url.path}?{request.url.query}"
    return back if back.startswith(("http://", "https://")) else own


def _held(known: dict[str, Any]) -> str:
    told = '<p class="mut">先授权，之后由商家扣款 · Authorised now, taken later by the shop</p>'
    return told if known.get("is_held") else ""


def _declined(channel: str, known: dict[str, Any]) -> str:
    if not known.get("declined") or known["state"] not in WAITING:
        return ""
    if channel == "stripe":
        return '<p role="alert">银行卡被拒，请换一张 · The card was declined; try another one</p>'
    return '<p role="alert">付款没有成功，请重试或返回换一种方式 · It failed; try again, or go back for another way</p>'
