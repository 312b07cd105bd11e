"""The page on which a visitor says yes to a transfer, and the control plane's part of it."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from servicehub.gateway_sim.pages import page
from servicehub.gateway_sim.wechat_transfer import WAITS, WechatTransfers

TITLE = "微信支付 · 商家转账"


class TransferCashier:
    """What WeChat shows to a payee, by the package that his browser was called with."""

    def __init__(self, transfers: WechatTransfers) -> None:
        self._transfers = transfers
        self.routes = [
            Route("/cashier/transfer", self.page, methods=["GET"]),
            Route("/cashier/transfer", self.decide, methods=["POST"]),
            Route("/control/transfer/{no}/{act}", self.act, methods=["POST"]),
        ]

    async def page(self, request: Request) -> Response:
        """What is to be taken."""
        known = self._transfers.by_package(request.query_params.get("package", ""))
        if known is None:
            return HTMLResponse(page("没有这笔转账 · No such transfer", ""), 404)
        choices = (
            '<form method="post"><button class="p" name="do" value="confirm">确认收款 · Take the money</button>'
            '<button name="do" value="leave">暂不收款 · Not now</button></form>'
            if known["state"] in WAITS
            else '<p role="status">这笔转账已结束 · This transfer has ended</p>'
            f'<a class="b" href="{escape(_back(request))}">返回 · Back</a>'
        )
        body = (
            f'<p class="mut">演示页面，不会真的转账</p><p class="mut" lang="en">Demo: no real money moves</p>'
            f'<p class="sum">¥{known["fen"] / 100:.2f}</p><p class="mut">{escape(known["remark"])}</p>{choices}'
        )
        return HTMLResponse(page(TITLE, body))

    async def decide(self, request: Request) -> Response:
        """The visitor's choice; then back."""
        known = self._transfers.by_package(request.query_params.get("package", ""))
        if known is None:
            return JSONResponse({"error": "no such transfer"}, 404)
        async with request.form(max_files=0, max_fields=4) as form:
            choice = form.get("do")
        if choice == "confirm":
            self._transfers.confirm(known["no"])
        return RedirectResponse(_back(request), 303)

    async def act(self, request: Request) -> Response:
        """Confirm, fail, let run out, or cancel as a merchant does by hand, without a page."""
        no, act = request.path_params["no"], request.path_params["act"]
        side = self._transfers
        acts = {"confirm": side.confirm, "fail": side.fail, "expire": side.expire, "withdraw": side.withdraw}
        done = act in acts and acts[act](no)
        return JSONResponse({"done": done}, 200 if done else 409)


def _back(request: Request) -> str:
    back = request.query_params.get("redirect_url", "")
    return back if back.startswith(("http://", "https://")) else f"{request.url.path}?{request.url.query}"
