"""Alipay's frozen amounts (预授权): `adapters.guarantee.Guarantees` over the `python-alipay-sdk` library.

The customer freezes an amount of his own by a code that his Alipay opens; it is turned into a trade of the same number, whole or in
part, which ends the authorisation and unfreezes the rest; or it is unfrozen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from servicehub.adapters.alipay import OK, AlipayGateway, fen_of, title_of, yuan_of
from servicehub.domain.channel import ClientAction, PayState, Report
from servicehub.domain.guarantee import CaptureRequest, HoldAnswer, HoldRequest, HoldState
from servicehub.errors import GatewayUnknown

PRODUCT = "PRE_AUTH_ONLINE"
GONE = frozenset({"ORDER_NOT_EXIST", "AUTH_ORDER_NOT_EXIST", "AUTH_OPERATION_NOT_EXIST"})
REFUSED = frozenset(
    {
        "ACQ.AUTH_NO_ERROR",
        "ACQ.AUTH_AMOUNT_NOT_ENOUGH",
        "ACQ.PRE_AUTH_AMOUNT_NOT_ENOUGH",
        "ACQ.INVALID_PARAMETER",
        "ACQ.TRADE_HAS_CLOSE",
        "ACQ.BUYER_SELLER_EQUAL",
        "ACQ.BUYER_ENABLE_STATUS_FORBID",
    }
)
"""Refusals of a capture that no repetition changes."""
REMARK = "service done, rest given back"


class AlipayFreeze(AlipayGateway):
    """One merchant's account."""

    def hold(self, request: HoldRequest) -> ClientAction:
        """See `Guarantees`: the address inside the code, which a phone opens in Alipay."""
        asked = {
            "out_order_no": request.no,
            "out_request_no": request.no,
            "order_title": title_of(request.title),
            "amount": yuan_of(request.amount_fen),
            "product_code": PRODUCT,
            "payee_user_id": self._account.seller_id,
            "pay_timeout": f"{max(request.minutes, 1)}m",
        }
        answer = self._ask(
            lambda: self._client.server_api(
                "alipay.fund.auth.order.voucher.create",
                asked,
                notify_url=f"{self._base_url}/api/guarantees/notify/alipay",
                return_url=f"{self._base_url}{request.return_path}",
            )
        )
        if answer.get("code") != OK or "code_value" not in answer:
            raise GatewayUnknown(request.no)
        return ClientAction("redirect", str(answer["code_value"]))

    def look(self, no: str) -> HoldAnswer:
        """See `Guarantees`. What was taken is known as a trade."""
        known = self._operation(no)
        if known.state in (HoldState.HELD, HoldState.CLOSED):
            trade = self.query(no)
            if trade.state is PayState.PAID:
                return HoldAnswer(no, HoldState.CAPTURED, trade.amount_fen, trade.channel_no)
            if trade.state is PayState.UNKNOWN:
                return HoldAnswer(no, HoldState.UNKNOWN)
            if trade.state is PayState.WAITING:
                return HoldAnswer(no, HoldState.CAPTURING)
        return known

    def capture(self, request: CaptureRequest) -> HoldAnswer:
        """See `Guarantees`. The same number is the same trade."""
        known = self.look(request.no)
        if known.state is not HoldState.HELD:
            return known
        asked = {
            "out_trade_no": request.no,
            "auth_no": known.channel_no,
            "product_code": PRODUCT,
            "total_amount": yuan_of(request.amount_fen),
            "subject": title_of(request.title),
            "auth_confirm_mode": "COMPLETE",
        }
        answer = self._ask(lambda: self._client.server_api("alipay.trade.pay", asked))
        if answer.get("code") == OK and answer.get("out_trade_no") == request.no:
            fen = fen_of(answer.get("total_amount"))
            return HoldAnswer(request.no, HoldState.CAPTURED, fen, str(answer.get("trade_no", "")))
        if answer.get("sub_code") in REFUSED:
            return HoldAnswer(request.no, HoldState.CLOSED)
        return self.look(request.no) if answer else HoldAnswer(request.no, HoldState.UNKNOWN)

    def release(self, no: str) -> HoldAnswer:
        """See `Guarantees`."""
        known = self.look(no)
        if known.state is HoldState.NOT_FOUND:
            return HoldAnswer(no, HoldState.CLOSED)
        if known.state is HoldState.WAITING:
            asked = {"out_order_no": no, "out_request_no": no, "remark": REMARK}
            self._ask(lambda: self._client.server_api("alipay.fund.auth.operation.cancel", asked))
            return self.look(no)
        if known.state is HoldState.HELD:
            asked = {
                "auth_no": known.channel_no,
                "out_request_no": f"{no}u",
                "amount": yuan_of(known.amount_fen),
                "remark": REMARK,
            }
            self._ask(lambda: self._client.server_api("alipay.fund.auth.order.unfreeze", asked))
            return self.look(no)
        return known

    def settled_otherwise(self, no: str, at: datetime) -> HoldAnswer:  # noqa: ARG002 - the port's
        """See `Guarantees`: Alipay takes at once or not at all."""
        return self.look(no)

    def parse_hold(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> list[Report]:
        """See `Guarantees`: frozen. What is unfrozen was asked for by us."""
        form, text = self._verified(headers, raw, now)
        if form.get("operation_type") != "FREEZE" or form.get("status") != "SUCCESS":
            return []
        event_id = hashlib.sha256(form.get("notify_id", text).encode()).hexdigest()
        number, fen = form.get("out_order_no", ""), fen_of(form.get("amount"))
        report = Report(self.name, event_id, "guarantee", number, fen, form.get("auth_no", ""), raw=text)
        mine = form.get("app_id") == self._account.app_id and form.get("payee_user_id") == self._account.seller_id
        return [report if mine else report.foreign()]

    def _operation(self, no: str) -> HoldAnswer:
        asked = {"out_order_no": no, "out_request_no": no}
        answer = self._ask(lambda: self._client.server_api("alipay.fund.auth.operation.detail.query", asked))
        if answer.get("sub_code") in GONE:
            return HoldAnswer(no, HoldState.NOT_FOUND)
        if answer.get("code") != OK or answer.get("out_order_no") != no:
            return HoldAnswer(no, HoldState.UNKNOWN)
        status = answer.get("order_status") or answer.get("status")
        states = {"INIT": HoldState.WAITING, "AUTHORIZED": HoldState.HELD, "FINISH": HoldState.CLOSED}
        state = states.get(str(status), HoldState.CLOSED if status == "CLOSED" else HoldState.UNKNOWN)
        return HoldAnswer(no, state, fen_of(answer.get("rest_amount")), str(answer.get("auth_no", "")))
