"""Who somebody is in WeChat's own browser: the openid that payments there need, by OAuth without a question to the user.

Owns the two addresses and what comes back from the second one. The first is opened by the browser; a code that it brings back
can be exchanged once, within five minutes.
"""

from __future__ import annotations

import logging
from urllib.parse import urlencode

import httpx

from servicehub.errors import GatewayUnknown, NotAllowed
from servicehub.settings import WechatPayAccount

TIMEOUT_S = 5.0
_log = logging.getLogger(__name__)


class WechatOAuth:
    """One app of WeChat's."""

    def __init__(self, account: WechatPayAccount) -> None:
        """`account` has an `app_secret`."""
        self._account = account

    def address(self, back: str, state: str) -> str:
        """Where the browser is sent; it returns to `back` with `code` and `state`."""
        asked = {
            "appid": self._account.app_id,
            "redirect_uri": back,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
        return f"{self._account.oauth_page}/connect/oauth2/authorize?{urlencode(asked)}#wechat_redirect"

    def openid(self, code: str) -> str:
        """Who brought `code`.

        Raises: NotAllowed for a code that is unknown or used up, GatewayUnknown when nobody answers.
        """
        secret = self._account.app_secret
        asked = {
            "appid": self._account.app_id,
            "secret": secret.get_secret_value() if secret else "",
            "code": code,
            "grant_type": "authorization_code",
        }
        try:
            answer = httpx.get(
                f"{self._account.oauth_api}/sns/oauth2/access_token", params=asked, timeout=TIMEOUT_S
            ).json()
        except (httpx.HTTPError, ValueError) as error:  # the address holds the secret: it is not written anywhere
            _log.warning("WeChat log-in: %s", type(error).__name__)
            raise GatewayUnknown("openid") from None
        found = answer.get("openid") if isinstance(answer, dict) else None
        if not isinstance(found, str) or not 0 < len(found) <= 64:
            raise NotAllowed("the code is unknown or used up")
        return found
