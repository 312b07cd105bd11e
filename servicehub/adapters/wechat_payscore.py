"""WeChat Pay score (支付分): `adapters.guarantee.Guarantees` over the `wechatpayv3` library.

A service order is created with the risk fund, the customer confirms it in WeChat, it is completed with the amount due or cancelled.
Nothing is frozen: WeChat vouches, collects after the completion, and goes on collecting when the customer's account is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from servicehub.adapters.wechat_pay import WechatPayGateway
from servicehub.domain.channel import ClientAction, Report
from servicehub.domain.guarantee import CaptureRequest, HoldAnswer, HoldRequest, HoldState
from servicehub.errors import GatewayUnknown

ZONE = ZoneInfo("Asia/Shanghai")
INTRODUCTION_CHARS = 20
REASON = "服务已结束，无需收款"
"""Of a cancellation; a retry must say the same."""
REFUSED = frozenset({"PARAM_ERROR", "INVALID_REQUEST", "ORDER_NOT_EXIST", "SERVICE_ORDER_NOT_EXISTS", "NO_AUTH"})


class WechatPayScore(WechatPayGateway):
    """One merchant's service."""

    def hold(self, request: HoldRequest) -> ClientAction:
        """See `Guarantees`. WeChat opens the confirmation from inside itself only: on to the page that does."""
        code, answer = self._ask(
            lambda: self._client.payscore_create(
                out_order_no=request.no,
                service_id=self._account.payscore_service_id,
                service_introduction=request.title[:INTRODUCTION_CHARS],
                time_range={"start_time": "OnAccept"},
                risk_fund={"name": "ESTIMATE_ORDER_COST", "amount": request.amount_fen},
                need_user_confirm=True,
                notify_url=f"{self._base_url}/api/guarantees/notify/wechat",
            )
        )
        if code != 200 or "package" not in answer:
            raise GatewayUnknown(request.no)
        entry = self._account.payscore_entry or f"{self._account.api}/cashier/payscore?package={{package}}"
        url = entry.format(package=quote(str(answer["package"]), safe=""), mch_id=self._account.merchant_id)
        back = urlencode({"redirect_url": f"{self._base_url}{request.return_path}"})
        return ClientAction("redirect", f"{url}{'&' if '?' in url else '?'}{back}")

    def look(self, no: str) -> HoldAnswer:
        """See `Guarantees`."""
        code, answer = self._ask(
            lambda: self._client.payscore_query(service_id=self._account.payscore_service_id, out_order_no=no)
        )
        if code == 404:
            return HoldAnswer(no, HoldState.NOT_FOUND)
        if code != 200 or not self._is_my_service(answer) or answer.get("out_order_no") != no:
            return HoldAnswer(no, HoldState.UNKNOWN)
        return _answer(answer)

    def capture(self, request: CaptureRequest) -> HoldAnswer:
        """See `Guarantees`. After a lost answer the order is looked at: the platform would refuse to complete it twice."""
        if request.tries > 1:
            known = self.look(request.no)
            if known.state is not HoldState.HELD:
                return known
        code, answer = self._ask(
            lambda: self._client.payscore_complete(
                out_order_no=request.no,
                service_id=self._account.payscore_service_id,
                post_payments=[{"name": request.title[:INTRODUCTION_CHARS], "amount": request.amount_fen}],
                total_amount=request.amount_fen,
                time_range={"end_time": request.at.astimezone(ZONE).strftime("%Y%m%d%H%M%S")},
            )
        )
        if code == 200:
            return self.look(request.no)
        if not code:
            return HoldAnswer(request.no, HoldState.UNKNOWN)
        known = self.look(request.no)  # refused since it was completed or has run out before, perhaps
        refused = known.state is HoldState.HELD and answer.get("code") in REFUSED
        return HoldAnswer(request.no, HoldState.CLOSED) if refused else known

    def release(self, no: str) -> HoldAnswer:
        """See `Guarantees`. What is being collected was paid otherwise: the platform is told so, and stops."""
        known = self.look(no)
        if known.state in (HoldState.WAITING, HoldState.HELD):
            self._ask(lambda: self._client.payscore_cancel(no, self._account.payscore_service_id, REASON))
            return self.look(no)
        if known.state is HoldState.NOT_FOUND:
            return HoldAnswer(no, HoldState.CLOSED)
        return known

    def settled_otherwise(self, no: str, at: datetime) -> HoldAnswer:
        """Tell the platform that a completed order was paid in another way, so that it stops collecting."""
        code, _answer = self._ask(
            lambda: self._client.payscore_sync(
                no,
                self._account.payscore_service_id,
                "Order_Paid",
                {"paid_time": at.astimezone(ZONE).strftime("%Y%m%d%H%M%S")},
            )
        )
        return self.look(no) if code == 200 else HoldAnswer(no, HoldState.UNKNOWN)

    def parse_hold(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> list[Report]:
        """See `Guarantees`: confirmed by the customer, or collected."""
        return self.parse_notify(headers, raw, now=now)

    def _reports(self, event: Mapping[str, Any], raw: str) -> list[Report]:
        kind, about = str(event.get("event_type")), event["resource"]
        if kind not in ("PAYSCORE.USER_CONFIRM", "PAYSCORE.USER_PAID"):
            return []
        found = _answer(about)
        what = {HoldState.HELD: "guarantee", HoldState.CAPTURED: "payment"}.get(found.state)
        if what is None:
            return []
        report = Report(
            self.name,
            str(event["id"])[:64],
            "payment" if what == "payment" else "guarantee",
            found.no,
            found.amount_fen,
            found.channel_no,
            raw=raw,
        )
        return [report if self._is_my_service(about) else report.foreign()]

    def _is_my_service(self, about: Mapping[str, Any]) -> bool:
        return self._is_mine(about) and about.get("service_id") == self._account.payscore_service_id


def _answer(about: Mapping[str, Any]) -> HoldAnswer:
    no, state = str(about["out_order_no"]), str(about.get("state"))
    if state == "DOING":
        return HoldAnswer(no, HoldState.HELD, int(about["risk_fund"]["amount"]), str(about.get("order_id", "")))
    if state == "DONE":
        return _collected(no, about)
    states = {"CREATED": HoldState.WAITING, "REVOKED": HoldState.CLOSED, "EXPIRED": HoldState.CLOSED}
    return HoldAnswer(no, states.get(state, HoldState.UNKNOWN))


def _collected(no: str, about: Mapping[str, Any]) -> HoldAnswer:
    collection = about.get("collection") or {}
    paid = [one for one in collection.get("details", ()) if one.get("transaction_id")]
    if collection.get("state") != "USER_PAID":
        return HoldAnswer(no, HoldState.CAPTURING)
    if not paid:  # told to be settled otherwise
        return HoldAnswer(no, HoldState.CLOSED)
    return HoldAnswer(no, HoldState.CAPTURED, int(collection["paid_amount"]), str(paid[0]["transaction_id"]))
