"""WeChat Pay's profit sharing: receivers, shares, the end of sharing, and returns. Accepted at once, carried out a little later."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from servicehub.gateway_sim import sharing_rules as rules
from servicehub.gateway_sim.keys import opened
from servicehub.gateway_sim.platform import Platform, now

Answer = Callable[[dict[str, Any]], Response]
Refusal = Callable[[int, str, str], Response]
KINDS = ("MERCHANT_ID", "PERSONAL_OPENID")
RELATIONS = frozenset(
    {"STORE", "STAFF", "STORE_OWNER", "PARTNER", "HEADQUARTER", "BRAND", "DISTRIBUTOR", "USER", "SUPPLIER", "CUSTOM"}
)


class WechatSharing:
    """The platform's side of `/v3/profitsharing/…`."""

    def __init__(self, platform: Platform, guarded: Callable[[Any], Any], answer: Answer, refused: Refusal) -> None:
        self._platform, self._answer, self._refused = platform, answer, refused
        self.routes = [
            Route("/v3/profitsharing/receivers/add", guarded(self.add_receiver), methods=["POST"]),
            Route("/v3/profitsharing/orders", guarded(self.share), methods=["POST"]),
            Route("/v3/profitsharing/orders/unfreeze", guarded(self.unfreeze), methods=["POST"]),
            Route("/v3/profitsharing/orders/{no}", guarded(self.query), methods=["GET"]),
            Route("/v3/profitsharing/return-orders", guarded(self.give_back), methods=["POST"]),
            Route("/v3/profitsharing/return-orders/{no}", guarded(self.query_return), methods=["GET"]),
            Route("/v3/profitsharing/transactions/{transaction}/amounts", guarded(self.amounts), methods=["GET"]),
        ]

    async def add_receiver(self, request: Request, asked: dict[str, Any]) -> Response:
        """Make a receiver known; its name comes encrypted with the platform's key, whose number the request names."""
        kind, account = asked["type"], str(asked["account"])
        keys = self._platform.keys
        if kind not in KINDS or asked["relation_type"] not in RELATIONS:
            return self._refused(400, "PARAM_ERROR", "type or relation is unknown")
        if kind == "MERCHANT_ID" or "name" in asked:
            if request.headers.get("wechatpay-serial") != keys.facts["public_key_id"]:
                return self._refused(400, "PARAM_ERROR", "the key of the name is not named")
            if not opened(keys.key("wechat_platform"), asked["name"]):
                return self._refused(400, "INVALID_REQUEST", "the name is not the receiver's")
        self._platform.put("wechat-receiver", account, {"type": kind, "relation_type": asked["relation_type"]})
        return self._answer({"type": kind, "account": account, "relation_type": asked["relation_type"]})

    async def share(self, _request: Request, asked: dict[str, Any]) -> Response:
        """Divide; the same number with the same parts is the same share."""
        no, parts = str(asked["out_order_no"]), list(asked["receivers"])
        if known := self._platform.get("wechat-share", no):
            same = known["asked"] == [[part["account"], part["amount"]] for part in parts]
            return self._shown(known) if same else self._refused(400, "INVALID_REQUEST", "another share has the number")
        paid = self._paid(str(asked["transaction_id"]))
        fen = sum(part["amount"] for part in parts)
        if not 0 < len(parts) <= rules.MOST_RECEIVERS or any(part["amount"] <= 0 for part in parts):
            return self._refused(400, "PARAM_ERROR", "parts are wrong")
        if refusal := self._may_not(paid):
            return refusal
        if any(self._platform.get("wechat-receiver", part["account"]) is None for part in parts):
            return self._refused(400, "INVALID_REQUEST", "分账接收方关系不存在，请检查参数中每个接收方的关系")
        if rules.is_too_much(fen, paid.get("shared", 0), paid["total"]):
            return self._refused(403, "RULE_LIMIT", "分账金额超出最大分账比例")
        if fen > rules.left_of(paid, paid["total"]):
            return self._refused(403, "NOT_ENOUGH", "分账金额不足")
        failed = self._platform.faults.take("share_fails")
        self._put(paid, shared=paid.get("shared", 0) + (0 if failed else fen), finished=asked["unfreeze_unsplit"])
        results = [
            part | {"result": "CLOSED" if failed else "SUCCESS", "detail_id": _number()}
            | ({"fail_reason": "ACCOUNT_ABNORMAL"} if failed else {})
            for part in parts
        ]  # fmt: skip
        return self._made(no, paid, results)

    async def unfreeze(self, _request: Request, asked: dict[str, Any]) -> Response:
        """End the sharing: the rest is the merchant's."""
        no = str(asked["out_order_no"])
        if known := self._platform.get("wechat-share", no):
            return self._shown(known)
        paid = self._paid(str(asked["transaction_id"]))
        if refusal := self._may_not(paid):
            return refusal
        self._put(paid, finished=True)
        rest = {"type": "MERCHANT_ID", "account": paid["mchid"], "amount": rules.left_of(paid, paid["total"])}
        return self._made(no, paid, [rest | {"result": "SUCCESS", "description": asked["description"]}])

    async def query(self, request: Request, _asked: dict[str, Any]) -> Response:
        """What became of a share."""
        known = self._platform.get("wechat-share", request.path_params["no"])
        if known is None or known["transaction_id"] != request.query_params["transaction_id"]:
            return self._refused(404, "RESOURCE_NOT_EXISTS", "分账单不存在")
        return self._shown(known, ended=not self._platform.faults.take("share_pending"))

    async def give_back(self, _request: Request, asked: dict[str, Any]) -> Response:
        """A receiver gives back, never more than it got; only merchants can."""
        no, fen = str(asked["out_return_no"]), asked["amount"]
        share = self._platform.get("wechat-share", str(asked["out_order_no"]))
        if share is None:
            return self._refused(404, "RESOURCE_NOT_EXISTS", "分账单不存在")
        if known := self._platform.get("wechat-return", no):
            same = (known["amount"], known["out_order_no"]) == (fen, share["out_order_no"])
            return (
                self._answer(known) if same else self._refused(400, "INVALID_REQUEST", "another return has the number")
            )
        mine = [part for part in share["receivers"] if part["account"] == asked["return_mchid"]]
        got = sum(part["amount"] for part in mine if part["result"] == "SUCCESS" and part["type"] == "MERCHANT_ID")
        gone = sum(
            one["amount"] for one in self._platform.every("wechat-return")
            if one["out_order_no"] == share["out_order_no"] and one["result"] == "SUCCESS"
        )  # fmt: skip
        if fen <= 0 or gone + fen > got:
            return self._refused(400, "INVALID_REQUEST", "more than was shared")
        failed = self._platform.faults.take("return_fails")
        made = {
            "order_id": share["order_id"], "out_order_no": share["out_order_no"], "out_return_no": no,
            "return_id": _number(), "return_mchid": asked["return_mchid"], "amount": fen,
            "description": asked["description"], "result": "FAILED" if failed else "SUCCESS",
            "create_time": now().isoformat(timespec="seconds"), "finish_time": now().isoformat(timespec="seconds"),
        } | ({"fail_reason": "ACCOUNT_ABNORMAL"} if failed else {})  # fmt: skip
        self._platform.put("wechat-return", no, made)
        if not failed:
            paid = self._paid(share["transaction_id"])
            self._put(paid, shared=paid["shared"] - fen)
        return self._answer(made)

    async def query_return(self, request: Request, _asked: dict[str, Any]) -> Response:
        """What became of a return."""
        known = self._platform.get("wechat-return", request.path_params["no"])
        if known is None or known["out_order_no"] != request.query_params["out_order_no"]:
            return self._refused(404, "RESOURCE_NOT_EXISTS", "回退单不存在")
        return self._answer(known)

    async def amounts(self, request: Request, _asked: dict[str, Any]) -> Response:
        """What is still frozen of a payment."""
        transaction = request.path_params["transaction"]
        paid = self._paid(transaction)
        over = not paid or paid.get("finished") or rules.is_released(self._platform, _when(paid))
        left = 0 if over else rules.left_of(paid, paid["total"])
        return self._answer({"transaction_id": transaction, "unsplit_amount": left})

    def _may_not(self, paid: dict[str, Any]) -> Response | None:
        if not paid or not (paid.get("settle_info") or {}).get("profit_sharing"):
            return self._refused(400, "INVALID_REQUEST", "非分账订单不支持分账")
        if rules.is_settling(self._platform, _when(paid)):
            return self._refused(400, "INVALID_REQUEST", "订单处理中，暂时无法分账，请稍后再试")
        if paid.get("finished") or rules.is_released(self._platform, _when(paid)):
            return self._refused(400, "INVALID_REQUEST", "分账已完结，剩余资金已解冻")
        return None

    def _made(self, no: str, paid: dict[str, Any], receivers: list[dict[str, Any]]) -> Response:
        made = {
            "transaction_id": paid["transaction_id"],
            "out_order_no": no,
            "order_id": _number(),
            "at": now().isoformat(timespec="seconds"),
            "receivers": receivers,
            "asked": [[part["account"], part["amount"]] for part in receivers],
        }
        self._platform.put("wechat-share", no, made)
        return self._shown(made)

    def _shown(self, known: dict[str, Any], *, ended: bool = False) -> Response:
        waiting = [part | {"result": "PENDING"} for part in known["receivers"]]
        shown = {name: value for name, value in known.items() if name not in ("asked", "at")}
        state = {"state": "FINISHED"} if ended else {"state": "PROCESSING", "receivers": waiting}
        return self._answer(shown | state)

    def _paid(self, transaction: str) -> dict[str, Any]:
        found = (one for one in self._platform.every("wechat") if one.get("transaction_id") == transaction)
        return next(found, {})

    def _put(self, paid: dict[str, Any], **changes: Any) -> None:
        self._platform.put("wechat", paid["out_trade_no"], paid | changes)


def _when(paid: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(paid["success_time"])


def _number() -> str:
    return f"3008{secrets.randbelow(10**24):024}"
