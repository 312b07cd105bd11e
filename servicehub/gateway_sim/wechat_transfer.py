"""WeChat Pay's transfers to wallets (商家转账): accepted, confirmed by their payee within a day or ended, or cancelled."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from servicehub.gateway_sim.keys import TRANSFER_SCENE, opened
from servicehub.gateway_sim.platform import Platform, now

KIND, PAYEE = "wechat-transfer", "wechat-openid"
BASE = "/v3/fund-app/mch-transfer/transfer-bills"
LIFE = timedelta(hours=24)
LEAST_FEN, NAMED_FROM_FEN, NAME_NEEDED_FROM_FEN, MOST_FEN = 10, 30, 200_000, 2_000_000
TOLD = frozenset({"岗位类型", "报酬说明"})
"""What the scene of pay for work wants to be told."""
WAITS, ENDED = ("WAIT_USER_CONFIRM", "TRANSFERING"), ("SUCCESS", "FAIL", "CANCELLED")
Answer = Callable[[dict[str, Any]], Response]
Refusal = Callable[[int, str, str], Response]
Tell = Callable[[str, str, str, dict[str, Any]], None]


class WechatTransfers:
    """The platform's side of `/v3/fund-app/mch-transfer/…`, and what payees and time do."""

    def __init__(
        self, platform: Platform, guarded: Callable[[Any], Any], answer: Answer, refused: Refusal, tell: Tell
    ) -> None:
        self._platform, self._answer, self._refused, self._tell = platform, answer, refused, tell
        by_no = f"{BASE}/out-bill-no/{{no}}"
        self.routes = [
            Route(BASE, guarded(self.create), methods=["POST"]),
            Route(by_no, guarded(self.query), methods=["GET"]),
            Route(f"{by_no}/cancel", guarded(self.cancel), methods=["POST"]),
        ]

    # -- what a merchant asks ---------------------------------------------------------------------------------------------

    async def create(self, request: Request, asked: dict[str, Any]) -> Response:
        """A transfer; the same number with the same payee and amount is the same transfer, and says the same again."""
        no, fen, openid = str(asked["out_bill_no"]), asked["transfer_amount"], str(asked["openid"])
        known = self.get(no)
        if known is not None:
            if (known["fen"], known["openid"]) != (fen, openid):
                return self._refused(400, "INVALID_REQUEST", "商户单号已被其他转账使用")
            if known["stuck"] and not self._platform.faults.take("transfer_stuck"):
                at = now().isoformat(timespec="seconds")
                known = self._kept(known, stuck=False, state="WAIT_USER_CONFIRM", at=at)
            return self._created(known)
        if why := self._problem(asked, fen):
            return self._refused(400, "PARAM_ERROR", why)
        if asked["transfer_scene_id"] != TRANSFER_SCENE:
            return self._refused(403, "NO_AUTH", "商户未开通该转账场景")
        payee = self._platform.get(PAYEE, openid)
        if payee is None:
            return self._refused(400, "PARAM_ERROR", "openid与appid不匹配")
        if self._platform.faults.take("transfer_no_money"):
            return self._refused(403, "NOT_ENOUGH", "资金不足")
        fits = self._is_the_name(request, asked.get("user_name", ""), payee)
        made = {
            "no": no, "fen": fen, "openid": openid, "appid": asked["appid"], "notify_url": asked["notify_url"],
            "remark": asked["transfer_remark"], "number": f"1330{secrets.randbelow(10**30):030}",
            "package": f"ABBQO{secrets.token_urlsafe(32)}", "at": now().isoformat(timespec="seconds"),
            "stuck": self._platform.faults.take("transfer_stuck"), "state": "WAIT_USER_CONFIRM",
        }  # fmt: skip
        if made["stuck"] or self._platform.faults.take("transfer_pending"):
            made["state"] = "PROCESSING"
        self._platform.put(KIND, no, made)
        if not fits:
            self._end(made, "FAIL", "NAME_NOT_CORRECT")
        return self._created(self.get(no) or made)

    async def query(self, request: Request, _asked: dict[str, Any]) -> Response:
        """The transfer as it is."""
        known = self.get(request.path_params["no"])
        if known is None:
            return self._refused(404, "NOT_FOUND", "记录不存在")
        if known["state"] == "PROCESSING" and not known["stuck"] and not self._platform.faults.take("transfer_pending"):
            known = self._kept(known, state="WAIT_USER_CONFIRM")
        return self._answer(self._document(known))

    async def cancel(self, request: Request, _asked: dict[str, Any]) -> Response:
        """Take it back while it waits for its payee; accepted at once, carried out a little later."""
        known = self.get(request.path_params["no"])
        if known is None:
            return self._refused(404, "NOT_FOUND", "记录不存在")
        if known["state"] not in ("WAIT_USER_CONFIRM", "CANCELING", "CANCELLED"):
            return self._refused(400, "INVALID_REQUEST", "当前状态不支持撤销")
        if known["state"] == "WAIT_USER_CONFIRM":
            known = self._kept(known, state="CANCELING")
            self._end(known, "CANCELLED")
        shown = {"out_bill_no": known["no"], "transfer_bill_no": known["number"], "update_time": known["at"]}
        return self._answer(shown | {"state": "CANCELING"})

    # -- what payees and time do ------------------------------------------------------------------------------------------

    def confirm(self, no: str) -> bool:
        """The payee says yes; False when the transfer does not wait for him."""
        known = self.get(no)
        return known is not None and known["state"] in WAITS and self._end(known, "SUCCESS")

    def fail(self, no: str) -> bool:
        """The payee's wallet cannot take it."""
        known = self.get(no)
        return known is not None and known["state"] not in ENDED and self._end(known, "FAIL", "PAYEE_ACCOUNT_ABNORMAL")

    def expire(self, no: str) -> bool:
        """A day has passed without a yes."""
        known = self.get(no)
        return known is not None and known["state"] in WAITS and self._end(known, "FAIL", "OVERDUE_CLOSE")

    def withdraw(self, no: str) -> bool:
        """The merchant cancels by hand, on the platform's own pages."""
        known = self.get(no)
        return known is not None and known["state"] in WAITS and self._end(known, "CANCELLED")

    def get(self, no: str) -> dict[str, Any] | None:
        """The transfer; one whose day is over ends at the first look."""
        known = self._platform.get(KIND, no)
        if known is not None and known["state"] in WAITS and now() > datetime.fromisoformat(known["at"]) + LIFE:
            self._end(known, "FAIL", "OVERDUE_CLOSE")
            known = self._platform.get(KIND, no)
        return known

    def by_package(self, package: str) -> dict[str, Any] | None:
        """The transfer that a payee's browser was called with."""
        found = (one["no"] for one in self._platform.every(KIND) if package and one["package"] == package)
        return self.get(next(found, ""))

    # -- inside -----------------------------------------------------------------------------------------------------------

    def _problem(self, asked: dict[str, Any], fen: Any) -> str:
        """Why the request is refused; empty when it is right."""
        told = {one["info_type"] for one in asked["transfer_scene_report_infos"] if one["info_content"]}
        named = "user_name" in asked
        if not isinstance(fen, int) or not LEAST_FEN <= fen <= MOST_FEN or not str(asked["out_bill_no"]).isalnum():
            return "转账金额或商户单号错误"
        if not 0 < len(asked["transfer_remark"]) <= 32 or told != TOLD:
            return "转账备注或场景报备信息错误"
        if (named and fen < NAMED_FROM_FEN) or (not named and fen >= NAME_NEEDED_FROM_FEN):
            return "收款用户姓名不应传入，或缺少"
        return ""

    def _is_the_name(self, request: Request, sealed: str, payee: dict[str, Any]) -> bool:
        """Whether the payee is called so; whose name the platform does not know is believed, and remembered."""
        keys = self._platform.keys
        if not sealed:
            return True
        if request.headers.get("wechatpay-serial") != keys.facts["public_key_id"]:
            raise ValueError("the key of the name is not named")
        name = opened(keys.key("wechat_platform"), sealed)
        if "name" not in payee:
            self._platform.put(PAYEE, payee["openid"], payee | {"name": name})
        return bool(name) and payee.get("name", name) == name

    def _created(self, known: dict[str, Any]) -> Response:
        shown = {
            name: self._document(known)[name] for name in ("out_bill_no", "transfer_bill_no", "create_time", "state")
        }
        return self._answer(shown | ({"package_info": known["package"]} if known["state"] in WAITS else {}))

    def _kept(self, known: dict[str, Any], **changes: Any) -> dict[str, Any]:
        self._platform.put(KIND, known["no"], known | changes)
        return known | changes

    def _end(self, known: dict[str, Any], state: str, reason: str = "") -> bool:
        known = self._kept(known, state=state, reason=reason, ended_at=now().isoformat(timespec="seconds"))
        self._tell(known["notify_url"], "MCHTRANSFER.BILL.FINISHED", "mch_payment", self._document(known))
        return True

    def _document(self, known: dict[str, Any]) -> dict[str, Any]:
        found = {
            "mch_id": self._platform.keys.facts["merchant_id"], "out_bill_no": known["no"], "appid": known["appid"],
            "transfer_bill_no": known["number"], "state": known["state"], "transfer_amount": known["fen"],
            "transfer_remark": known["remark"], "openid": known["openid"], "create_time": known["at"],
            "update_time": known.get("ended_at", known["at"]),
        }  # fmt: skip
        if known.get("reason"):
            found["fail_reason"] = known["reason"]
        return found | ({"package_info": known["package"]} if known["state"] in WAITS else {})
