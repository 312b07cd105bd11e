"""The pages on which a visitor agrees to a guarantee or does not, and the control plane's part of it."""

from __future__ import annotations

from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from servicehub.gateway_sim.alipay_freeze import AlipayFreeze
from servicehub.gateway_sim.pages import page
from servicehub.gateway_sim.platform import Platform
from servicehub.gateway_sim.stripe import Stripe
from servicehub.gateway_sim.wechat_payscore import WechatPayScore

TITLES = {"payscore": "微信支付分 · 先享后付", "freeze": "支付宝预授权"}
WORDS = {
    "payscore": ("服务结束后由微信代扣，最多", "WeChat pays for you after the service, at most"),
    "freeze": ("将冻结您账户中的", "This amount of yours will be frozen"),
}
WAITING = ("CREATED", "INIT")


class GuaranteeCashier:
    """Kinds: `payscore` by its package, `freeze` by its number. `stripe` is only controlled here: it has one page for all."""

    def __init__(self, platform: Platform, wechat: WechatPayScore, alipay: AlipayFreeze, stripe: Stripe) -> None:
        self._platform, self._wechat, self._alipay = platform, wechat, alipay
        self._sides: dict[str, WechatPayScore | AlipayFreeze | Stripe]
        self._sides = {"payscore": wechat, "freeze": alipay, "stripe": stripe}
        pages = [
            Route(f"/cashier/{kind}", self._of(kind, handle), methods=[method])
            for kind in TITLES
            for method, handle in (("GET", self.page), ("POST", self.decide))
        ]
        self.routes = [*pages, Route("/control/guarantee/{kind}/{no}/{act}", self.act, methods=["POST"])]

    def _of(self, kind: str, handle: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            response: Response = await handle(request, kind)
            return response

        return endpoint

    async def page(self, request: Request, kind: str) -> Response:
        """What is to be agreed to."""
        known = self._known(request, kind)
        if known is None:
            return HTMLResponse(page("没有这笔授权 · No such guarantee", ""), 404)
        fen = int(known["risk_fund"]["amount"] if kind == "payscore" else known["fen"])
        title = str(known.get("service_introduction") or known.get("subject"))
        back = escape(self._back(request, known))
        choices = (
            '<form method="post"><button class="p" name="do" value="agree">同意授权 · Agree</button>'
            '<button name="do" value="refuse">拒绝 · Refuse</button>'
            '<button name="do" value="leave">稍后再说 · Not now</button></form>'
            if known["state"] in WAITING
            else f'<p role="status">这笔授权已处理 · This has been decided</p><a class="b" href="{back}">返回 · Back</a>'
        )
        zh, en = WORDS[kind]
        body = (
            f'<p class="mut">演示页面，不会真的扣款或冻结</p><p class="mut" lang="en">Demo: no real money moves</p>'
            f'<p class="mut">{zh}</p><p class="mut" lang="en">{en}</p><p class="sum">¥{fen / 100:.2f}</p>'
            f'<p class="mut">{escape(title)}</p>{choices}'
        )
        return HTMLResponse(page(TITLES[kind], body))

    async def decide(self, request: Request, kind: str) -> Response:
        """The visitor's choice; then back to the shop."""
        known = self._known(request, kind)
        if known is None:
            return JSONResponse({"error": "no such guarantee"}, 404)
        async with request.form(max_files=0, max_fields=4) as form:
            choice = form.get("do")
        if choice in ("agree", "refuse"):
            side = self._sides[kind]
            (side.confirm if choice == "agree" else side.refuse)(known["no"])
        return RedirectResponse(self._back(request, known), 303)

    async def act(self, request: Request) -> Response:
        """Agree, refuse or let run out, or (payscore) collect, without a page."""
        kind, no, act = (request.path_params[name] for name in ("kind", "no", "act"))
        acts = {"confirm": self._sides[kind].confirm, "refuse": self._sides[kind].refuse} if kind in self._sides else {}
        if kind == "payscore":
            acts["collect"] = self._wechat.collect
        done = act in acts and acts[act](no)
        return JSONResponse({"done": done}, 200 if done else 409)

    def _known(self, request: Request, kind: str) -> dict[str, Any] | None:
        if kind == "payscore":
            return self._wechat.by_package(request.query_params.get("package", ""))
        return self._platform.get(kind, request.query_params.get("no", ""))

    @staticmethod
    def _back(request: Request, known: dict[str, Any]) -> str:
        back = request.query_params.get("redirect_url") or known.get("return_url") or ""
        return back if back.startswith(("http://", "https://")) else str(request.url.path)
