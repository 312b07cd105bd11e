"""Alipay's frozen amounts (预授权): a code that a customer opens, an amount frozen, turned into a trade or unfrozen."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from servicehub.gateway_sim.alipay import DONE, FORM, Alipay, failed, fen_of, text_of, yuan_of
from servicehub.gateway_sim.keys import signed
from servicehub.gateway_sim.platform import Platform, now

KIND = "freeze"
GONE = "ORDER_NOT_EXIST"


class AlipayFreeze(Alipay):
    """The platform's side of `alipay.fund.auth.…`, beside the rest of Alipay."""

    def __init__(self, platform: Platform) -> None:
        super().__init__(platform)
        self._methods |= {
            "alipay.fund.auth.order.voucher.create": self.voucher,
            "alipay.fund.auth.operation.detail.query": self.detail,
            "alipay.fund.auth.operation.cancel": self.cancel,
            "alipay.fund.auth.order.unfreeze": self.unfreeze,
            "alipay.trade.pay": self.capture,
        }
        self._writing |= {"alipay.fund.auth.order.unfreeze", "alipay.trade.pay", "alipay.fund.auth.operation.cancel"}

    def voucher(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A code; the same number and amount is the same authorisation."""
        no, fen, common = str(asked["out_order_no"]), fen_of(asked["amount"]), self.common
        known = self._platform.get(KIND, no)
        if fen <= 0 or asked["product_code"] != "PRE_AUTH_ONLINE" or asked["payee_user_id"] != self._seller():
            return failed("ILLEGAL_ARGUMENT")
        if known is None:
            known = {
                "no": no,
                "request": str(asked["out_request_no"]),
                "fen": fen,
                "rest": fen,
                "paid": 0,
                "subject": str(asked["order_title"]),
                "state": "INIT",
                "auth_no": "",
                "notify_url": common.get("notify_url", ""),
                "return_url": common.get("return_url", ""),
            }
            self._platform.put(KIND, no, known)
        elif known["fen"] != fen:
            return failed("UNIQUE_VIOLATION")
        url = f"{self._base}/cashier/freeze?{urlencode({'no': no})}"
        about = {"out_order_no": no, "out_request_no": known["request"], "code_type": "qrcode"}
        return DONE | about | {"code_value": url, "code_url": url}

    def detail(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The authorisation as it is."""
        known = self._platform.get(KIND, str(asked["out_order_no"]))
        if known is None or known["request"] != asked["out_request_no"]:
            return failed(GONE)
        about = {"out_order_no": known["no"], "out_request_no": known["request"], "order_status": known["state"]}
        amounts = {
            "amount": yuan_of(known["fen"]),
            "rest_amount": yuan_of(known["rest"]),
            "total_freeze_amount": yuan_of(known["fen"] if known["auth_no"] else 0),
            "total_pay_amount": yuan_of(known["paid"]),
        }
        status = {"INIT": "INIT", "CLOSED": "CLOSED"}.get(known["state"], "SUCCESS")
        return DONE | about | amounts | {"status": status, "auth_no": known["auth_no"], "operation_type": "FREEZE"}

    def cancel(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Nobody can freeze it any more; what was frozen is not any longer."""
        known = self._platform.get(KIND, str(asked["out_order_no"]))
        if known is None:
            return failed(GONE)
        if known["state"] not in ("INIT", "AUTHORIZED") or known["paid"]:
            return failed("ORDER_ALREADY_FINISH")
        self._platform.put(KIND, known["no"], known | {"state": "CLOSED", "rest": 0})
        return DONE | {"out_order_no": known["no"], "action": "close" if known["state"] == "INIT" else "unfreeze"}

    def unfreeze(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A part or all of the rest is the customer's again; the same request number changes nothing again."""
        known, fen, request = self._of(str(asked["auth_no"])), fen_of(asked["amount"]), str(asked["out_request_no"])
        if known is None:
            return failed("AUTH_ORDER_NOT_EXIST")
        done = known.get("unfrozen", {})
        if request not in done:
            if known["state"] != "AUTHORIZED" or not 0 < fen <= known["rest"]:
                return failed("UNFREEZE_AMOUNT_OVER_LIMIT")
            rest = known["rest"] - fen
            known |= {"rest": rest, "unfrozen": done | {request: fen}, "state": "AUTHORIZED" if rest else "FINISH"}
            self._platform.put(KIND, known["no"], known)
            self._report(known, "UNFREEZE", fen, request)
        about = {"auth_no": known["auth_no"], "out_order_no": known["no"], "out_request_no": request}
        return DONE | about | {"amount": yuan_of(fen), "status": "SUCCESS"}

    def capture(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A trade from what is frozen; the same number is the same trade. COMPLETE unfreezes the rest."""
        no, fen = str(asked["out_trade_no"]), fen_of(asked["total_amount"])
        made, known = self._platform.get("alipay", no), self._of(str(asked["auth_no"]))
        if made is None:
            if known is None or known["state"] != "AUTHORIZED":
                return failed("ACQ.AUTH_NO_ERROR")
            if not 0 < fen <= known["rest"]:
                return failed("ACQ.PRE_AUTH_AMOUNT_NOT_ENOUGH")
            made = {
                "no": no,
                "trade_no": f"{now():%Y%m%d}22001{secrets.randbelow(10**15):015}",
                "fen": fen,
                "subject": str(asked["subject"]),
                "state": "TRADE_SUCCESS",
                "paid_at": now().strftime("%Y-%m-%d %H:%M:%S"),
                "refunded": 0,
                "notify_url": self.common.get("notify_url", ""),
                "return_url": "",
            }
            self._platform.put("alipay", no, made)
            ends = asked.get("auth_confirm_mode") == "COMPLETE" or fen == known["rest"]
            known |= {
                "paid": fen,
                "rest": 0 if ends else known["rest"] - fen,
                "state": "FINISH" if ends else known["state"],
            }
            self._platform.put(KIND, known["no"], known)
            self._tell(made, {"gmt_payment": made["paid_at"]})
        elif made["fen"] != fen:
            return failed("ACQ.CONTEXT_INCONSISTENT")
        when = {"gmt_payment": made["paid_at"]}
        return DONE | {"out_trade_no": no, "trade_no": made["trade_no"], "total_amount": yuan_of(fen)} | when

    # -- what the customer and time do ------------------------------------------------------------------------------------

    def confirm(self, no: str) -> bool:
        """The customer freezes the amount; False when it does not wait for him."""
        known = self._platform.get(KIND, no)
        if known is None or known["state"] != "INIT":
            return False
        known |= {"state": "AUTHORIZED", "auth_no": f"{now():%Y%m%d}10002{secrets.randbelow(10**14):014}"}
        self._platform.put(KIND, no, known)
        self._report(known, "FREEZE", known["fen"], known["request"])
        return True

    def refuse(self, no: str) -> bool:
        """The customer does not, or the authorisation has run out: what was frozen is his again."""
        known = self._platform.get(KIND, no)
        if known is None or known["state"] not in ("INIT", "AUTHORIZED"):
            return False
        self._platform.put(KIND, no, known | {"state": "CLOSED", "rest": 0})
        return True

    def _report(self, known: Mapping[str, Any], operation: str, fen: int, request: str) -> None:
        fields = {
            "notify_type": "fund_auth_freeze" if operation == "FREEZE" else "fund_auth_unfreeze",
            "notify_id": uuid.uuid4().hex,
            "app_id": self._keys.facts["alipay_app_id"],
            "payee_user_id": self._seller(),
            "auth_no": known["auth_no"],
            "out_order_no": known["no"],
            "out_request_no": request,
            "operation_type": operation,
            "amount": yuan_of(fen),
            "rest_amount": yuan_of(known["rest"]),
            "status": "SUCCESS",
            "charset": "utf-8",
            "version": "1.0",
        }

        def message() -> tuple[bytes, dict[str, str]]:
            form = fields | {"notify_time": now().strftime("%Y-%m-%d %H:%M:%S")}
            key = "alipay_app" if self._platform.faults.forge else "alipay_platform"
            sign = signed(self._keys.key(key), text_of(form))
            return urlencode(form | {"sign": sign, "sign_type": "RSA2"}).encode(), {"content-type": FORM}

        if known["notify_url"]:
            self._platform.send(known["notify_url"], message)

    def _of(self, auth_no: str) -> dict[str, Any] | None:
        return next((one for one in self._platform.every(KIND) if auth_no and one["auth_no"] == auth_no), None)

    def _seller(self) -> str:
        return self._keys.facts["seller_id"]
