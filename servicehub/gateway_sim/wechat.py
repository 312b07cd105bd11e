"""WeChat Pay, API v3: payments in a browser, refunds, and the messages about both.

Every request's signature is checked over its method, path, time, number and body; every answer is signed, an empty one too.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import secrets
import uuid
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from servicehub import clock
from servicehub.gateway_sim.bills import wechat_bill, wechat_fund_bill, wechat_share_bill
from servicehub.gateway_sim.keys import is_signed, sealed, signed
from servicehub.gateway_sim.platform import Message, Platform, now
from servicehub.gateway_sim.sharing_rules import left_of
from servicehub.gateway_sim.wechat_sharing import WechatSharing
from servicehub.gateway_sim.wechat_transfer import WechatTransfers

FRESH_S = 300
MOST_REFUNDS = 50
SHARES = "SHARES"
SCHEME = "WECHATPAY2-SHA256-RSA2048"
_AUTHORISED = frozenset({"mchid", "nonce_str", "signature", "timestamp", "serial_no"})


class WechatPay:
    """The platform's side of `/v3/…`."""

    def __init__(self, platform: Platform) -> None:
        self._platform, self._keys = platform, platform.keys
        self.transfers = WechatTransfers(platform, self._guarded, self._answer, self._refused, self._tell)
        self.routes = [
            Route("/v3/pay/transactions/{kind:str}", self._guarded(self.order), methods=["POST"]),
            Route("/v3/pay/transactions/out-trade-no/{no}", self._guarded(self.query), methods=["GET"]),
            Route("/v3/pay/transactions/out-trade-no/{no}/close", self._guarded(self.close), methods=["POST"]),
            Route("/v3/refund/domestic/refunds", self._guarded(self.refund), methods=["POST"]),
            Route("/v3/refund/domestic/refunds/{no}", self._guarded(self.query_refund), methods=["GET"]),
            Route("/v3/bill/tradebill", self._guarded(self.bill), methods=["GET"]),
            Route("/v3/bill/fundflowbill", self._guarded(self.bill), methods=["GET"]),
            Route("/v3/profitsharing/bills", self._guarded(self.bill), methods=["GET"]),
            Route("/v3/billdownload/file", self._guarded(self.download), methods=["GET"]),
            *WechatSharing(platform, self._guarded, self._answer, self._refused).routes,
            *self.transfers.routes,
        ]

    # -- what a merchant asks ---------------------------------------------------------------------------------------------

    async def order(self, request: Request, asked: dict[str, Any]) -> Response:
        """A payment that waits for its payer; asking again with the same number and amount says the same."""
        kind, no, total = request.path_params["kind"], str(asked["out_trade_no"]), asked["amount"]["total"]
        if kind not in ("h5", "native", "jsapi"):
            return self._refused(404, "PARAM_ERROR", "no such kind of payment")
        if not isinstance(total, int) or total <= 0 or len(no) > 32:
            return self._refused(400, "PARAM_ERROR", "amount or number is wrong")
        if kind == "h5" and not asked.get("scene_info", {}).get("payer_client_ip"):
            return self._refused(400, "PARAM_ERROR", "payer_client_ip is missing")
        if kind == "jsapi" and not self.knows(str(asked.get("payer", {}).get("openid", ""))):
            return self._refused(400, "PARAM_ERROR", "this openid is not of this app")
        known = self._platform.get("wechat", no)
        if known is None:
            known = asked | {
                "state": "NOTPAY",
                "total": total,
                "refunded": 0,
                "kind": kind,
                "openid": asked.get("payer", {}).get("openid", "oSimulatedPayer"),
                "prepay": secrets.token_hex(15),
            }
            self._platform.put("wechat", no, known)
        elif known["state"] == "CLOSED":
            return self._refused(400, "ORDER_CLOSED", "the order is closed")
        elif known["state"] != "NOTPAY" or known["total"] != total:
            return self._refused(400, "OUT_TRADE_NO_USED", "the number was used for another payment")
        base = str(request.base_url).rstrip("/")
        return self._answer(
            {
                "h5": {"h5_url": f"{base}/cashier/wechat?no={no}"},
                "native": {"code_url": f"weixin://wxpay/bizpayurl?pr={known['prepay'][:10]}"},
                "jsapi": {"prepay_id": f"wx{known['prepay']}"},
            }[kind]
        )

    async def query(self, request: Request, _asked: dict[str, Any]) -> Response:
        """The payment as it is."""
        known = self._platform.get("wechat", request.path_params["no"])
        if known is None:
            return self._refused(404, "ORDER_NOT_EXIST", "there is no such order")
        return self._answer(self._transaction(known))

    async def close(self, request: Request, _asked: dict[str, Any]) -> Response:
        """Nobody can pay it any more."""
        no = request.path_params["no"]
        known = self._platform.get("wechat", no)
        if known is None:
            return self._refused(404, "ORDER_NOT_EXIST", "there is no such order")
        if known["state"] not in ("NOTPAY", "CLOSED"):
            return self._refused(400, "ORDERPAID", "the order has been paid")
        self._platform.put("wechat", no, known | {"state": "CLOSED"})
        return self._answer(None, 204)

    async def refund(self, _request: Request, asked: dict[str, Any]) -> Response:
        """Money back; the same number and amount is the same refund."""
        no, amount = str(asked["out_refund_no"]), asked["amount"]
        paid = self._paid(asked)
        if paid is None or paid["state"] not in ("SUCCESS", "REFUND"):
            return self._refused(404, "RESOURCE_NOT_EXISTS", "there is no such payment")
        known = self._platform.get("wechat-refund", no)
        if known is not None:
            same = (known["amount"]["refund"], known["out_trade_no"]) == (amount["refund"], paid["out_trade_no"])
            return (
                self._answer(known) if same else self._refused(400, "INVALID_REQUEST", "another refund has the number")
            )
        if refusal := self._refused_refund(paid, amount):
            return refusal
        ends = "ABNORMAL" if self._platform.faults.take("refunds_abnormal") else "SUCCESS"
        refund = {
            "refund_id": f"5030{secrets.randbelow(10**24):024}",
            "out_refund_no": no,
            "out_trade_no": paid["out_trade_no"],
            "transaction_id": paid["transaction_id"],
            "status": "PROCESSING",
            "amount": {"total": paid["total"], "refund": amount["refund"], "currency": "CNY"},
            "create_time": now().isoformat(timespec="seconds"),
        }
        self._platform.put(
            "wechat", paid["out_trade_no"], paid | {"state": "REFUND", "refunded": paid["refunded"] + amount["refund"]}
        )
        self._platform.put("wechat-refund", no, refund | {"status": ends})
        told = {
            **{k: refund[k] for k in ("out_trade_no", "transaction_id", "out_refund_no", "refund_id")},
            "refund_status": ends,
        }
        if url := asked.get("notify_url"):
            about = {"mchid": paid["mchid"], "amount": {"total": paid["total"], "refund": amount["refund"]}, **told}
            self._tell(str(url), f"REFUND.{ends}", "refund", about)
        return self._answer(refund)

    def _refused_refund(self, paid: dict[str, Any], amount: dict[str, Any]) -> Response | None:
        """Why a new refund of a payment is not accepted; None when it is."""
        before = [one for one in self._platform.every("wechat-refund") if one["out_trade_no"] == paid["out_trade_no"]]
        if amount["total"] != paid["total"] or amount["refund"] + paid["refunded"] > paid["total"]:
            return self._refused(400, "INVALID_REQUEST", "more than was paid")
        if len(before) >= MOST_REFUNDS:
            return self._refused(400, "INVALID_REQUEST", f"a payment has at most {MOST_REFUNDS} refunds")
        since = now() - self._platform.refunds_apart
        if any(datetime.fromisoformat(one["create_time"]) > since for one in before):
            return self._refused(429, "FREQUENCY_LIMITED", "two refunds of one payment need a minute between them")
        if amount["refund"] > left_of(paid, paid["total"]):
            return self._refused(403, "NOT_ENOUGH", "基本账户余额不足，请先分账回退再退款")
        if self._platform.faults.take("accounts_closed"):
            return self._refused(403, "USER_ACCOUNT_ABNORMAL", "用户账户已注销")
        return None

    async def query_refund(self, request: Request, _asked: dict[str, Any]) -> Response:
        """The refund as it is."""
        known = self._platform.get("wechat-refund", request.path_params["no"])
        return self._answer(known) if known else self._refused(404, "RESOURCE_NOT_EXISTS", "there is no such refund")

    async def bill(self, request: Request, _asked: dict[str, Any]) -> Response:
        """Where the bill of a day is, and the hash of its text."""
        token = request.query_params["bill_date"]
        if request.url.path.endswith("/fundflowbill"):
            token += f".{request.query_params['account_type']}"
        elif "/profitsharing/" in request.url.path:
            token += f".{SHARES}"
        text = self._text(token)
        if not text:
            return self._refused(400, "NO_STATEMENT_EXIST", "there is no bill of that day")
        base = str(request.base_url).rstrip("/")
        digest = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        url = f"{base}/v3/billdownload/file?token={token}"
        return self._answer({"hash_type": "SHA1", "hash_value": digest, "download_url": url})

    async def download(self, request: Request, _asked: dict[str, Any]) -> Response:
        """The compressed bill; not signed, as on the platform."""
        text = self._text(request.query_params["token"])
        return Response(gzip.compress(text.encode()), media_type="application/octet-stream")

    def _text(self, token: str) -> str:
        """The bill of a day, or (`day.account`) what moved on one of the merchant's accounts, or what was divided."""
        day, _dot, account = token.partition(".")
        if account == SHARES:
            return wechat_share_bill(self._platform, day)
        return wechat_fund_bill(self._platform, day, account) if account else wechat_bill(self._platform, day)

    def knows(self, openid: str) -> bool:
        """Whether somebody has logged in to this app under that id."""
        return self._platform.get("wechat-openid", openid) is not None

    def scanned(self, code: str) -> str:
        """The number of the payment whose code this is; empty for none."""
        for known in self._platform.every("wechat"):
            prepay = known.get("prepay", "")  # what was collected otherwise has none
            if prepay and code in (prepay[:10], f"wx{prepay}"):
                return str(known["out_trade_no"])
        return ""

    # -- what the payer does ----------------------------------------------------------------------------------------------

    def pay(self, no: str) -> bool:
        """The payer pays; False when it was paid before or is closed."""
        known = self._platform.get("wechat", no)
        if known is None or known["state"] != "NOTPAY":
            return False
        paid = known | {
            "state": "SUCCESS",
            "transaction_id": f"42000{secrets.randbelow(10**23):023}",
            "success_time": now().isoformat(timespec="seconds"),
        }
        self._platform.put("wechat", no, paid)
        self._tell(paid["notify_url"], "TRANSACTION.SUCCESS", "transaction", self._transaction(paid))
        return True

    def _paid(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        """The payment that a refund names, by the merchant's number or by the platform's."""
        if number := asked.get("transaction_id"):
            found = (one for one in self._platform.every("wechat") if one.get("transaction_id") == number)
            return next(found, None)
        return self._platform.get("wechat", str(asked.get("out_trade_no", "")))

    # -- inside -----------------------------------------------------------------------------------------------------------

    def _transaction(self, known: dict[str, Any]) -> dict[str, Any]:
        kind = {"h5": "MWEB", "native": "NATIVE", "jsapi": "JSAPI"}[known["kind"]]
        found = {
            "appid": known["appid"],
            "mchid": known["mchid"],
            "out_trade_no": known["out_trade_no"],
            "trade_type": kind,
            "trade_state": known["state"],
            "trade_state_desc": known["state"],
            "amount": {"total": known["total"], "currency": "CNY"},
        }
        if "transaction_id" in known:
            found["amount"] |= {"payer_total": known["total"], "payer_currency": "CNY"}
            found |= {k: known[k] for k in ("transaction_id", "success_time")} | {"payer": {"openid": known["openid"]}}
        return found

    def _tell(self, url: str, event: str, about: str, resource: dict[str, Any]) -> None:
        number, facts = str(uuid.uuid4()), self._keys.facts

        def message(*, probe: bool = False) -> tuple[bytes, dict[str, str]]:
            body = json.dumps(
                {
                    "id": number,
                    "create_time": now().isoformat(timespec="seconds"),
                    "resource_type": "encrypt-resource",
                    "event_type": event,
                    "summary": event,
                    "resource": sealed(facts["api_v3_key"], json.dumps(resource), about),
                }
            )
            headers = self._headers(body)
            if probe or self._platform.faults.forge:
                headers["Wechatpay-Signature"] = f"WECHATPAY/SIGNTEST/{headers['Wechatpay-Signature'][19:]}"
            return body.encode(), headers

        if self._platform.faults.probe:
            self._platform.send(url, lambda: message(probe=True))
        usual: Message = message
        self._platform.send(url, usual)

    def _guarded(self, handle: Any) -> Any:
        async def endpoint(request: Request) -> Response:
            body = (await request.body()).decode()
            if self._platform.stumbles():
                return self._refused(500, "SYSTEM_ERROR", "the platform stumbled")
            problem = self._unauthorised(request, body)
            if problem:
                return self._refused(401, "SIGN_ERROR", problem)
            try:
                answer: Response = await handle(request, json.loads(body) if body else {})
            except (KeyError, TypeError, ValueError):
                return self._refused(400, "PARAM_ERROR", "a field is missing or wrong")
            return answer if request.method == "GET" else await self._platform.answered(answer)

        return endpoint

    def _unauthorised(self, request: Request, body: str) -> str:
        """Why the request is refused; empty when its merchant signed it."""
        header = request.headers.get("authorization", "")
        given = dict(re.findall(r'(\w+)="([^"]*)"', header))
        if not header.startswith(f"{SCHEME} ") or not given.keys() >= _AUTHORISED:
            return "the authorization header is malformed"
        own = (self._keys.facts["merchant_id"], self._keys.serial("wechat_merchant"))
        if (given["mchid"], given["serial_no"]) != own:
            return "merchant or certificate is unknown"
        if not given["timestamp"].isdigit() or abs(clock.machine_now().timestamp() - int(given["timestamp"])) > FRESH_S:
            return "the request is too old"
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        text = f"{request.method}\n{path}\n{given['timestamp']}\n{given['nonce_str']}\n{body}\n"
        key = self._keys.key("wechat_merchant").public_key()
        return "" if is_signed(key, text, given["signature"]) else "the signature is wrong"

    def _answer(self, document: dict[str, Any] | None, status: int = 200) -> Response:
        body = "" if document is None else json.dumps(document)
        return Response(body, status, headers=self._headers(body))

    def _refused(self, status: int, code: str, why: str) -> Response:
        return self._answer({"code": code, "message": why}, status)

    def _headers(self, body: str) -> dict[str, str]:
        stamp, nonce = str(int(now().timestamp())), secrets.token_hex(16)
        headers = {
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": signed(self._keys.key("wechat_platform"), f"{stamp}\n{nonce}\n{body}\n"),
            "Wechatpay-Serial": self._keys.facts["public_key_id"],
            "Wechatpay-Signature-Type": SCHEME,
            "Request-ID": uuid.uuid4().hex,
        }
        return headers | ({"Content-Type": "application/json; charset=utf-8"} if body else {})
