"""WeChat's log-in for pages in its own browser: a code for whoever comes, exchanged once for an openid."""

from __future__ import annotations

import secrets
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from servicehub.gateway_sim.platform import Platform

COOKIE = "sim_openid"


class WechatOAuth:
    """The platform's side of `/connect/oauth2/authorize` and `/sns/oauth2/access_token`."""

    def __init__(self, platform: Platform) -> None:
        self._platform, self._facts = platform, platform.keys.facts
        self._codes: dict[str, str] = {}
        self.routes = [
            Route("/connect/oauth2/authorize", self.authorize, methods=["GET"]),
            Route("/sns/oauth2/access_token", self.exchange, methods=["GET"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """Back to the page with a code; the same browser is the same person."""
        asked = request.query_params
        if asked.get("appid") != self._facts["app_id"] or not asked.get("redirect_uri", "").startswith("http"):
            return JSONResponse({"errcode": 10003}, 400)
        openid, code = request.cookies.get(COOKIE) or f"o{secrets.token_hex(13)}", secrets.token_urlsafe(24)
        self._codes[code] = openid
        self._platform.put("wechat-openid", openid, {"openid": openid})
        back = asked["redirect_uri"]
        more = urlencode({"code": code, "state": asked.get("state", "")})
        answer = RedirectResponse(f"{back}{'&' if '?' in back else '?'}{more}", 302)
        answer.set_cookie(COOKIE, openid, httponly=True, samesite="lax")
        return answer

    async def exchange(self, request: Request) -> Response:
        """Who brought the code; each is good once."""
        asked = request.query_params
        if (asked.get("appid"), asked.get("secret")) != (self._facts["app_id"], self._facts["app_secret"]):
            return JSONResponse({"errcode": 40125, "errmsg": "invalid appsecret"})
        openid = self._codes.pop(asked.get("code", ""), "")
        if not openid:
            return JSONResponse({"errcode": 40029, "errmsg": "invalid code"})
        return JSONResponse(
            {"access_token": secrets.token_hex(16), "expires_in": 7200, "openid": openid, "scope": "snsapi_base"}
        )
