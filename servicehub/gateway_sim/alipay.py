"""Alipay's OpenAPI in certificate mode: payments in a mobile browser, refunds, and the messages about them.

One address for everything. Requests are forms whose parameters are signed in alphabetical order; answers are signed over the exact
text of their inner object.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from servicehub.gateway_sim.alipay_royalty import AlipayRoyalty
from servicehub.gateway_sim.bills import alipay_bill
from servicehub.gateway_sim.keys import is_signed, signed
from servicehub.gateway_sim.platform import Platform, now
from servicehub.gateway_sim.sharing_rules import left_of

FORM = "application/x-www-form-urlencoded; charset=utf-8"
NOBODY = "nobody@example.com"
"""An account that does not exist."""
LEAST_TRANSFER_FEN = 10
DONE = {"code": "10000", "msg": "Success"}


class Alipay:
    """The platform's side of `/gateway.do`."""

    def __init__(self, platform: Platform) -> None:
        self._platform, self._keys, self._royalty = platform, platform.keys, AlipayRoyalty(platform)
        self._methods: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "alipay.trade.precreate": self.precreate,
            "alipay.trade.query": self.query,
            "alipay.trade.close": self.close,
            "alipay.trade.refund": self.refund,
            "alipay.trade.fastpay.refund.query": self.query_refund,
            "alipay.fund.trans.uni.transfer": self.transfer,
            "alipay.fund.trans.common.query": self.query_transfer,
            "alipay.data.dataservice.bill.downloadurl.query": self.bill,
            **self._royalty.methods,
        }
        self.routes = [
            Route("/gateway.do", self.gateway, methods=["GET", "POST"]),
            Route("/bills/{kind}/{day}", self.download, methods=["GET"]),
        ]
        self._writing = {"alipay.trade.refund", "alipay.fund.trans.uni.transfer", "alipay.trade.order.settle"}
        self._base = ""
        self.common: dict[str, str] = {}
        """The parameters around the request that is being answered; handlers do not wait, so there is one."""

    async def gateway(self, request: Request) -> Response:
        """Every method. A browser that brings a signed payment is sent to the cashier."""
        given = dict(request.query_params)
        if request.method == "POST":
            async with request.form() as form:
                given |= {k: v for k, v in form.items() if isinstance(v, str)}
        method, self._base = given.get("method", ""), str(request.base_url).rstrip("/")
        if self._platform.stumbles():
            return Response("", 502)
        problem = self._unauthorised(given)
        if problem:
            return self._answer("error", {"code": "40002", "msg": "Invalid Arguments", "sub_code": problem})
        asked = json.loads(given.get("biz_content") or "{}")
        if method == "alipay.trade.wap.pay":
            self._open(given, asked)
            return RedirectResponse(f"/cashier/alipay?{urlencode({'no': asked['out_trade_no']})}", 303)
        if method not in self._methods:
            return self._answer(method, failed("isv.invalid-method"))
        self.common = given
        if method == "alipay.trade.precreate":
            self._open(given, asked)
        answer = self._answer(method, self._methods[method](asked))
        return await self._platform.answered(answer) if method in self._writing else answer

    def precreate(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A trade to be scanned; asking again says the same."""
        known = self._known(asked)
        if known is None or known["fen"] != fen_of(asked["total_amount"]):
            return failed("ACQ.CONTEXT_INCONSISTENT")
        if known["state"] != "WAIT_BUYER_PAY":
            return failed("ACQ.TRADE_HAS_SUCCESS" if "paid_at" in known else "ACQ.TRADE_HAS_CLOSE")
        return DONE | {"out_trade_no": known["no"], "qr_code": f"{self._base}/cashier/alipay?no={known['no']}"}

    def query(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The trade as it is."""
        known = self._known(asked)
        if known is None:
            return failed("ACQ.TRADE_NOT_EXIST")
        when = {"send_pay_date": known["paid_at"]} if "paid_at" in known else {}
        return DONE | _named(known) | {"trade_status": known["state"], "total_amount": yuan_of(known["fen"])} | when

    def close(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Nobody can pay it any more."""
        known = self._known(asked)
        if known is None:
            return failed("ACQ.TRADE_NOT_EXIST")
        if known["state"] != "WAIT_BUYER_PAY":
            return failed("ACQ.TRADE_STATUS_ERROR")
        self._platform.put("alipay", known["no"], known | {"state": "TRADE_CLOSED"})
        return DONE | _named(known)

    def refund(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Money back at once; the same number and amount changes nothing again."""
        known, fen = self._known(asked), fen_of(asked["refund_amount"])
        if known is None:
            return failed("ACQ.TRADE_NOT_EXIST")
        no = f"{known['no']}/{asked.get('out_request_no', known['no'])}"
        made = self._platform.get("alipay-refund", no)
        if made is not None:
            same = made["fen"] == fen
            again = DONE | _named(known) | {"fund_change": "N", "refund_fee": yuan_of(known["refunded"])}
            return again if same else failed("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
        if known["state"] != "TRADE_SUCCESS":
            return failed("ACQ.TRADE_STATUS_ERROR")
        total = known["refunded"] + fen
        if fen <= 0 or total > known["fen"]:
            return failed("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL")
        back = self._royalty.returned(known, asked)
        if back is None:
            return failed("ACQ.REFUND_ROYALTY_AMOUNT_ERROR")
        known["shared"] = known.get("shared", 0) - back
        if fen > left_of(known, known["fen"]):
            return failed("ACQ.SELLER_BALANCE_NOT_ENOUGH")
        after = known | {"refunded": total, "state": "TRADE_CLOSED" if total == known["fen"] else "TRADE_SUCCESS"}
        royalties = [str(part["trans_out"]) for part in asked.get("refund_royalty_parameters") or ()]
        made = {"fen": fen, "of": known["trade_no"], "at": now().isoformat()}
        made |= {"returned": back, "returned_by": ", ".join(royalties)}
        self._platform.put("alipay-refund", no, made)
        self._platform.put("alipay", known["no"], after)
        when = now().strftime("%Y-%m-%d %H:%M:%S.000")
        number = no.partition("/")[2]
        self._tell(after, {"gmt_refund": when, "refund_fee": yuan_of(total), "out_biz_no": number})
        return DONE | _named(known) | {"fund_change": "Y", "refund_fee": yuan_of(total)}

    def query_refund(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The refund, or an empty success when there is none."""
        known = self._known(asked)
        if known is None:
            return failed("ACQ.TRADE_NOT_EXIST")
        made = self._platform.get("alipay-refund", f"{known['no']}/{asked['out_request_no']}")
        if made is None:
            return dict(DONE)
        about = {"refund_amount": yuan_of(made["fen"]), "total_amount": yuan_of(known["fen"])}
        return (
            DONE
            | _named(known)
            | about
            | {"out_request_no": asked["out_request_no"], "refund_status": "REFUND_SUCCESS"}
        )

    def bill(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Where the bill of a day is."""
        kind, day = str(asked["bill_type"]), str(asked["bill_date"])
        if not alipay_bill(self._platform, kind, day):
            return failed("isv.bill_not_exist")
        return DONE | {"bill_download_url": f"{self._base}/bills/{kind}/{day}"}

    async def download(self, request: Request) -> Response:
        """The bill in a zip."""
        kind, day = request.path_params["kind"], request.path_params["day"]
        return Response(alipay_bill(self._platform, kind, day), media_type="application/zip")

    def transfer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Money to somebody's account; the same number and amount is the same transfer."""
        no, fen, payee = str(asked["out_biz_no"]), fen_of(asked["trans_amount"]), asked["payee_info"]
        known = self._platform.get("alipay-transfer", no)
        if known is None:
            if payee["identity"] == NOBODY or fen < LEAST_TRANSFER_FEN:
                return failed("PAYEE_NOT_EXIST" if fen >= LEAST_TRANSFER_FEN else "EXCEED_LIMIT_SM_AMOUNT")
            known = {"fen": fen, "order_id": f"{now():%Y%m%d}{secrets.randbelow(10**24):024}", "to": payee["identity"]}
            known |= {"no": no, "at": now().isoformat()}
            self._platform.put("alipay-transfer", no, known)
        if known["fen"] != fen:
            return failed("PAYMENT_INFO_INCONSISTENCY")
        return DONE | {"out_biz_no": no, "order_id": known["order_id"], "status": "SUCCESS"}

    def query_transfer(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The transfer as it is."""
        no = str(asked["out_biz_no"])
        known = self._platform.get("alipay-transfer", no)
        if known is None:
            return failed("ORDER_NOT_EXIST")
        return DONE | {"out_biz_no": no, "order_id": known["order_id"], "status": "SUCCESS"}

    def pay(self, no: str) -> bool:
        """The payer pays; False when it was paid before or is closed."""
        known = self._platform.get("alipay", no)
        if known is None or known["state"] != "WAIT_BUYER_PAY":
            return False
        paid = known | {"state": "TRADE_SUCCESS", "paid_at": now().strftime("%Y-%m-%d %H:%M:%S")}
        self._platform.put("alipay", no, paid)
        self._tell(paid, {"gmt_payment": paid["paid_at"]})
        return True

    def _open(self, given: Mapping[str, str], asked: dict[str, Any]) -> None:
        no = str(asked["out_trade_no"])
        if self._platform.get("alipay", no) is None:
            trade = {
                "no": no,
                "trade_no": f"{now():%Y%m%d}22001{secrets.randbelow(10**15):015}",
                "fen": fen_of(asked["total_amount"]),
                "subject": str(asked["subject"]),
                "state": "WAIT_BUYER_PAY",
                "refunded": 0,
                "extend_params": asked.get("extend_params", {}),
                "notify_url": given.get("notify_url", ""),
                "return_url": given.get("return_url", ""),
            }
            self._platform.put("alipay", no, trade)

    def _known(self, asked: Mapping[str, Any]) -> dict[str, Any] | None:
        return self._platform.get("alipay", str(asked.get("out_trade_no", "")))

    def _tell(self, trade: Mapping[str, Any], more: Mapping[str, str]) -> None:
        number, facts = f"{uuid.uuid4().hex}{secrets.token_hex(4)}", self._keys.facts
        fields = {
            "notify_type": "trade_status_sync",
            "notify_id": number,
            "app_id": facts["alipay_app_id"],
            "seller_id": facts["seller_id"],
            "auth_app_id": facts["alipay_app_id"],
            "out_trade_no": trade["no"],
            "trade_no": trade["trade_no"],
            "trade_status": trade["state"],
            "total_amount": yuan_of(trade["fen"]),
            "subject": trade["subject"],
            "charset": "utf-8",
            "version": "1.0",
            **more,
        }

        def message() -> tuple[bytes, dict[str, str]]:
            form = fields | {"notify_time": now().strftime("%Y-%m-%d %H:%M:%S")}
            sign = signed(self._keys.key("alipay_platform"), text_of(form))
            if self._platform.faults.forge:
                sign = signed(self._keys.key("alipay_app"), text_of(form))
            return urlencode(form | {"sign": sign, "sign_type": "RSA2"}).encode(), {"content-type": FORM}

        if trade["notify_url"]:
            self._platform.send(trade["notify_url"], message)

    def _unauthorised(self, given: Mapping[str, str]) -> str:
        """Why the request is refused; empty when its merchant signed it."""
        unsigned = {k: v for k, v in given.items() if k != "sign"}
        if given.get("app_id") != self._keys.facts["alipay_app_id"]:
            return "isv.invalid-app-id"
        numbers = (self._keys.alipay_number("alipay_app"), self._keys.alipay_number("root"))
        if (given.get("app_cert_sn"), given.get("alipay_root_cert_sn")) != numbers:
            return "isv.cert-sn-error"
        key = self._keys.key("alipay_app").public_key()
        return "" if is_signed(key, text_of(unsigned), given.get("sign", "")) else "isv.invalid-signature"

    def _answer(self, method: str, document: Mapping[str, Any]) -> Response:
        inner = json.dumps(document, ensure_ascii=False)
        sign = signed(self._keys.key("alipay_platform"), inner)
        name = f"{method.replace('.', '_')}_response"
        number = self._keys.alipay_number("alipay_platform")
        return Response(
            f'{{"{name}":{inner},"alipay_cert_sn":"{number}","sign":"{sign}"}}', media_type="application/json"
        )


def failed(why: str) -> dict[str, Any]:
    """A refusal."""
    return {"code": "40004", "msg": "Business Failed", "sub_code": why, "sub_msg": why}


def _named(known: Mapping[str, Any]) -> dict[str, Any]:
    return {"out_trade_no": known["no"], "trade_no": known["trade_no"]}


def text_of(fields: Mapping[str, Any]) -> str:
    """What is signed of a form: messages leave their `sign_type` out, requests sign it."""
    return "&".join(f"{k}={v}" for k, v in sorted(fields.items()))


def yuan_of(fen: int) -> str:
    """An amount as Alipay writes it."""
    return f"{Decimal(fen) / 100:.2f}"


def fen_of(yuan: str) -> int:
    """An amount as Alipay writes it, in fen."""
    return int(Decimal(yuan) * 100)
