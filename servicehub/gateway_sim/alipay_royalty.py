"""Alipay's profit sharing: receivers are bound, a frozen trade is settled in parts, and a refund names what receivers give back."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from servicehub.gateway_sim import sharing_rules as rules
from servicehub.gateway_sim.platform import ZONE, Platform, now

DONE = {"code": "10000", "msg": "Success"}


class AlipayRoyalty:
    """The methods of `/gateway.do` about shares."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self.methods = {
            "alipay.trade.royalty.relation.bind": self.bind,
            "alipay.trade.order.settle": self.settle,
            "alipay.trade.order.settle.query": self.query,
        }

    def bind(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Make receivers known; again changes nothing."""
        for one in asked["receiver_list"]:
            self._platform.put("alipay-receiver", str(one["account"]), {"type": one["type"]})
        return DONE | {"result_code": "SUCCESS"}

    def settle(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Divide a trade, or end the dividing; the same number is the same settlement."""
        no, parts = str(asked["out_request_no"]), list(asked.get("royalty_parameters") or ())
        finish = (asked.get("extend_params") or {}).get("royalty_finish") == "true"
        fen = sum(_fen(part["amount"]) for part in parts)
        if known := self._platform.get("alipay-settle", no):
            shown = DONE | {"trade_no": known["trade_no"], "settle_no": known["settle_no"]}
            return shown if known["fen"] == fen else _failed("ACQ.TRADE_SETTLE_ERROR")
        trade = self._trade(str(asked["trade_no"]))
        if why := self._refusal(trade, parts, fen, finish=finish):
            return _failed(why)
        failing = self._platform.faults.share_fails > 0
        if failing:
            self._platform.faults.share_fails -= 1
            return _failed("ACQ.ROYALTY_RECEIVER_INVALID")
        made = {
            "trade_no": trade["trade_no"],
            "settle_no": f"{secrets.randbelow(10**28):028}",
            "fen": fen,
            "parts": [part | {"fen": _fen(part["amount"])} for part in parts],
            "at": now().isoformat(),
        }
        self._platform.put("alipay-settle", no, made)
        after = trade | {"shared": trade.get("shared", 0) + fen, "finished": finish or trade.get("finished", False)}
        self._platform.put("alipay", trade["no"], after)
        return DONE | {"trade_no": made["trade_no"], "settle_no": made["settle_no"]}

    def query(self, asked: dict[str, Any]) -> dict[str, Any]:
        """What became of a settlement."""
        no = str(asked["out_request_no"])
        known = self._platform.get("alipay-settle", no)
        if known is None or known["trade_no"] != asked.get("trade_no"):
            return _failed("ACQ.SETTLE_NOT_EXIST")
        details = [
            {"operation_type": "transfer", "amount": part["amount"], "trans_in": part["trans_in"], "state": "SUCCESS"}
            for part in known["parts"]
        ]
        return DONE | {"out_request_no": no, "royalty_detail_list": details}

    def returned(self, trade: Mapping[str, Any], asked: Mapping[str, Any]) -> int | None:
        """What a refund says that receivers give back, in fen; None for more than they got, or from somebody else."""
        parts = asked.get("refund_royalty_parameters") or ()
        fen = sum(_fen(part["amount"]) for part in parts)
        known = all(self._platform.get("alipay-receiver", str(part["trans_out"])) for part in parts)
        return fen if known and fen <= trade.get("shared", 0) else None

    def _refusal(self, trade: dict[str, Any], parts: list[dict[str, Any]], fen: int, *, finish: bool) -> str:
        if not trade:
            return "ACQ.TRADE_NOT_EXIST"
        frozen = (trade.get("extend_params") or {}).get("royalty_freeze") == "true"
        if not frozen or trade["state"] != "TRADE_SUCCESS" or trade.get("finished"):
            return "ACQ.TRADE_STATUS_ERROR"
        paid_at = datetime.strptime(trade["paid_at"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)
        if rules.is_settling(self._platform, paid_at):
            return "ACQ.TRADE_SETTLE_NOT_READY"
        if rules.is_released(self._platform, paid_at):
            return "ACQ.TRADE_STATUS_ERROR"
        if not finish and not fen > 0:
            return "ACQ.INVALID_PARAMETER"
        if any(self._platform.get("alipay-receiver", str(part["trans_in"])) is None for part in parts):
            return "ACQ.ROYALTY_RECEIVER_INVALID"
        if rules.is_too_much(fen, trade.get("shared", 0), trade["fen"]):
            return "ACQ.ROYALTY_RATIO_EXCEED"
        return "ACQ.ALLOC_AMOUNT_VALIDATE_ERROR" if fen > rules.left_of(trade, trade["fen"]) else ""

    def _trade(self, trade_no: str) -> dict[str, Any]:
        return next((one for one in self._platform.every("alipay") if one["trade_no"] == trade_no), {})


def _failed(why: str) -> dict[str, Any]:
    return {"code": "40004", "msg": "Business Failed", "sub_code": why, "sub_msg": why}


def _fen(yuan: str) -> int:
    return int(Decimal(yuan) * 100)
