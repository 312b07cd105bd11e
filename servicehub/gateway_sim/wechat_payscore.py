"""WeChat Pay score (支付分): service orders that a customer confirms, and that are completed, cancelled or settled otherwise."""

from __future__ import annotations

import secrets
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from servicehub.gateway_sim.keys import PAYSCORE_SERVICE
from servicehub.gateway_sim.platform import Platform, now
from servicehub.gateway_sim.wechat import WechatPay

KIND = "payscore"
BASE = "/v3/payscore/serviceorder"


class WechatPayScore(WechatPay):
    """The platform's side of `/v3/payscore/…`, beside the rest of WeChat Pay."""

    collects = True
    """Whether the customer has money when a completed order is collected."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self.routes += [
            Route(BASE, self._guarded(self.create), methods=["POST"]),
            Route(BASE, self._guarded(self.look), methods=["GET"]),
            Route(f"{BASE}/{{no}}/complete", self._guarded(self.complete), methods=["POST"]),
            Route(f"{BASE}/{{no}}/cancel", self._guarded(self.cancel), methods=["POST"]),
            Route(f"{BASE}/{{no}}/sync", self._guarded(self.sync), methods=["POST"]),
        ]

    async def create(self, _request: Request, asked: dict[str, Any]) -> Response:
        """A service order that waits for its customer; the same number and amount is the same order."""
        no, fund = str(asked["out_order_no"]), asked["risk_fund"]
        fits = 0 < len(asked["service_introduction"]) <= 20 and asked["time_range"]["start_time"]
        known_fund = fund["name"] in ("DEPOSIT", "ADVANCE", "CASH_DEPOSIT", "ESTIMATE_ORDER_COST")
        if asked["service_id"] != PAYSCORE_SERVICE:
            return self._refused(403, "NO_AUTH", "the merchant has no such service")
        if not fits or not known_fund or not isinstance(fund["amount"], int) or fund["amount"] <= 0:
            return self._refused(400, "PARAM_ERROR", "a field is wrong")
        known = self._platform.get(KIND, no)
        if known is None:
            merchant = self._keys.facts["merchant_id"]
            known = asked | {
                "no": no,
                "mchid": merchant,
                "state": "CREATED",
                "order_id": f"1522547{secrets.randbelow(10**20):020}",
                "package": f"DJIOSQPYWDxsjdldeuwhdodwxasd_{secrets.token_urlsafe(12)}",
            }
            self._platform.put(KIND, no, known)
        elif known["risk_fund"] != fund or known["state"] != "CREATED":
            return self._refused(400, "INVALID_ORDER_STATE", "the number was used for another order")
        return self._answer(self._document(known) | {"package": known["package"]})

    async def look(self, request: Request, _asked: dict[str, Any]) -> Response:
        """The order as it is."""
        known = self._platform.get(KIND, request.query_params["out_order_no"])
        if known is None or request.query_params["service_id"] != known["service_id"]:
            return self._refused(404, "ORDER_NOT_EXIST", "there is no such order")
        return self._answer(self._document(known))

    async def complete(self, request: Request, asked: dict[str, Any]) -> Response:
        """What is to be collected; the platform collects by itself, now or later."""
        known, total = self._platform.get(KIND, request.path_params["no"]), asked["total_amount"]
        if known is None:
            return self._refused(404, "ORDER_NOT_EXIST", "there is no such order")
        if sum(one["amount"] for one in asked["post_payments"]) != total or total > known["risk_fund"]["amount"]:
            return self._refused(400, "INVALID_REQUEST", "the sum is wrong, or beyond the risk fund")
        if known["state"] == "DONE" and known["total_amount"] == total:
            return self._answer(self._document(known))
        if known["state"] != "DOING":
            return self._refused(400, "INVALID_ORDER_STATE", "the order is not in service")
        known |= {k: asked[k] for k in ("post_payments", "total_amount", "time_range")}
        known |= {"state": "DONE", "collected": "USER_PAYING"}
        self._platform.put(KIND, known["no"], known)
        if self.collects:
            self.collect(known["no"])
        return self._answer(self._document(known))

    async def cancel(self, request: Request, asked: dict[str, Any]) -> Response:
        """Nothing is to be collected."""
        known = self._platform.get(KIND, request.path_params["no"])
        if known is None:
            return self._refused(404, "ORDER_NOT_EXIST", "there is no such order")
        if known["state"] not in ("CREATED", "DOING", "REVOKED") or len(asked["reason"]) > 30:
            return self._refused(400, "INVALID_ORDER_STATE", "the order has ended")
        known |= {"state": "REVOKED"}
        self._platform.put(KIND, known["no"], known)
        return self._answer({k: self._document(known)[k] for k in ("appid", "mchid", "out_order_no", "service_id")})

    async def sync(self, request: Request, asked: dict[str, Any]) -> Response:
        """The merchant has his money: collecting ends."""
        known = self._platform.get(KIND, request.path_params["no"])
        if known is None or known["state"] != "DONE" or asked["type"] != "Order_Paid":
            return self._refused(400, "INVALID_ORDER_STATE", "nothing is being collected")
        known |= {"collected": "USER_PAID"}
        self._platform.put(KIND, known["no"], known)
        return self._answer(self._document(known))

    # -- what the customer and time do ------------------------------------------------------------------------------------

    def confirm(self, no: str) -> bool:
        """The customer agrees; False when the order does not wait for him."""
        known = self._platform.get(KIND, no)
        if known is None or known["state"] != "CREATED":
            return False
        known |= {"state": "DOING"}
        self._platform.put(KIND, no, known)
        self._tell(known["notify_url"], "PAYSCORE.USER_CONFIRM", "payscore", self._document(known))
        return True

    def refuse(self, no: str) -> bool:
        """The customer does not agree, or is not trusted, or thirty days have passed: nothing can be collected."""
        known = self._platform.get(KIND, no)
        if known is None or known["state"] not in ("CREATED", "DOING"):
            return False
        self._platform.put(KIND, no, known | {"state": "EXPIRED"})
        return True

    def collect(self, no: str) -> bool:
        """The customer's account has the money."""
        known = self._platform.get(KIND, no)
        if known is None or known["state"] != "DONE" or known["collected"] == "USER_PAID":
            return False
        number, when = f"42000{secrets.randbelow(10**23):023}", now().isoformat(timespec="seconds")
        known |= {"collected": "USER_PAID", "transaction_id": number, "success_time": when}
        self._platform.put(KIND, no, known)
        paid = {
            "appid": known["appid"], "mchid": known["mchid"], "out_trade_no": no, "state": "SUCCESS",
            "total": known["total_amount"], "refunded": 0, "kind": "jsapi", "transaction_id": number,
            "success_time": when, "notify_url": known["notify_url"],
        }  # fmt: skip
        self._platform.put("wechat", no, paid)
        self._tell(known["notify_url"], "PAYSCORE.USER_PAID", "payscore", self._document(known))
        return True

    def by_package(self, package: str) -> dict[str, Any] | None:
        """The order that a customer's page was opened with."""
        return next((one for one in self._platform.every(KIND) if one["package"] == package), None)

    def _document(self, known: dict[str, Any]) -> dict[str, Any]:
        names = ("appid", "mchid", "out_order_no", "service_id", "service_introduction", "state", "order_id")
        found = {name: known[name] for name in names} | {"risk_fund": known["risk_fund"]}
        if known["state"] == "DOING":
            found["state_description"] = "USER_CONFIRM"
        if known["state"] == "DONE":
            total, number = known["total_amount"], known.get("transaction_id")
            paid = total if known["collected"] == "USER_PAID" else 0
            collection = {
                "state": known["collected"],
                "total_amount": total,
                "paying_amount": total - paid,
                "paid_amount": paid,
            }
            if number:
                about = {"seq": 1, "amount": total, "paid_type": "NEWTON", "paid_time": known["success_time"]}
                collection["details"] = [about | {"transaction_id": number}]
            found |= {"total_amount": total, "collection": collection}
        return found
