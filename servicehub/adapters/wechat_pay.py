"""WeChat Pay, API v3 with the platform's public key: `adapters.gateway.Gateway` over the `wechatpayv3` library.

Owns the translation only. The library signs and verifies; what it does not check is checked here first: the key that a message
names, its age, and whose merchant it speaks of. Whatever the library raises after a request was sent means that the outcome is
unknown, also a wrong signature of an answer, which the platform sends on purpose now and then.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from wechatpayv3 import WeChatPay, WeChatPayType

from servicehub import clock
from servicehub.adapters.wechat_bills import FUND_ACCOUNTS, share_lines, trade_lines, transfer_lines
from servicehub.domain.channel import (
    ClientAction,
    CloseResult,
    PaymentAnswer,
    PayRequest,
    PayState,
    RefundRequest,
    RefundState,
    Report,
    Scene,
)
from servicehub.domain.reconciliation import BillLine
from servicehub.errors import BillUnavailable, Forged, GatewayUnknown
from servicehub.settings import WechatPayAccount

FRESH = timedelta(minutes=5)
"""A message that is older, or from the future, is refused: the library would take one of any age."""
MOST_BYTES = 64_000
TIMEOUT_S = (3, 8)
TITLE_CHARS = 120
STATES = {
    "NOTPAY": PayState.WAITING,
    "USERPAYING": PayState.WAITING,
    "PAYERROR": PayState.WAITING,
    "SUCCESS": PayState.PAID,
    "REFUND": PayState.PAID,
    "CLOSED": PayState.CLOSED,
    "REVOKED": PayState.CLOSED,
}
REFUNDS = {
    "SUCCESS": RefundState.SUCCEEDED,
    "PROCESSING": RefundState.PROCESSING,
    "CLOSED": RefundState.FAILED,
    "ABNORMAL": RefundState.FAILED,
}
FINAL = frozenset({"INVALID_REQUEST", "PARAM_ERROR", "RESOURCE_NOT_EXISTS", "MCH_NOT_EXISTS", "USER_ACCOUNT_ABNORMAL"})
"""Refusals of a refund that no repetition changes, the last one because the payer has closed the account; all others may pass: too
fast, too little money, an error over there."""
_log = logging.getLogger(__name__)


class WechatPayGateway:
    """One merchant's account."""

    name = "wechat"
    acknowledgement = ""

    def __init__(self, account: WechatPayAccount, *, base_url: str) -> None:
        """`base_url`: where browsers reach this installation, and the platform its messages' receiver.

        Raises: OSError for a missing file, Exception (the library's) for a key that is none.
        """
        self._account, self._base_url = account, base_url.rstrip("/")
        self.account = account
        self._client = WeChatPay(
            wechatpay_type=WeChatPayType.H5,
            mchid=account.merchant_id,
            appid=account.app_id,
            private_key=account.private_key_file.read_text("utf-8"),
            cert_serial_no=account.certificate_serial,
            apiv3_key=account.api_v3_key,
            notify_url=f"{self._base_url}/api/payments/notify/wechat",
            public_key=account.public_key_file.read_text("utf-8"),
            public_key_id=account.public_key_id,
            timeout=TIMEOUT_S,
        )
        self._client._core._gate_way = account.api  # noqa: SLF001 - the library knows one address only

    def open(self, request: PayRequest) -> ClientAction:
        """See `Gateway`: a code on a desktop, a call of WeChat's browser for a payer it knows, H5 in every other one."""
        if request.scene is Scene.DESKTOP:
            return ClientAction("qr", self._opened(request, WeChatPayType.NATIVE, "code_url"))
        if request.scene is Scene.WECHAT and request.openid:
            payer = {"openid": request.openid}
            return self._called(self._opened(request, WeChatPayType.JSAPI, "prepay_id", payer=payer))
        scene = {"payer_client_ip": request.client_ip or "127.0.0.1", "h5_info": {"type": "Wap"}}
        url = self._opened(request, WeChatPayType.H5, "h5_url", scene_info=scene)
        back = urlencode({"redirect_url": f"{self._base_url}{request.return_path}"})
        return ClientAction("redirect", f"{url}{'&' if '?' in url else '?'}{back}")

    def _opened(self, request: PayRequest, kind: WeChatPayType, field: str, **more: Any) -> str:
        """What the platform answers to a new payment. Raises: GatewayUnknown."""
        code, answer = self._ask(
            lambda: self._client.pay(
                description=request.title[:TITLE_CHARS],
                out_trade_no=request.no,
                amount={"total": request.amount_fen, "currency": "CNY"},
                time_expire=_stamp(request.expires_at),
                pay_type=kind,
                settle_info={"profit_sharing": True} if request.is_shared else None,
                **more,
            )
        )
        if code != 200 or field not in answer:
            raise GatewayUnknown(request.no)
        return str(answer[field])

    def _called(self, prepay_id: str) -> ClientAction:
        """What `getBrandWCPayRequest` is called with, signed by the merchant."""
        stamp, nonce, package = (
            str(int(clock.machine_now().timestamp())),
            secrets.token_hex(16),
            f"prepay_id={prepay_id}",
        )
        sign = self._client.sign([self._account.app_id, stamp, nonce, package])
        named = {"appId": self._account.app_id, "timeStamp": stamp, "nonceStr": nonce, "package": package}
        return ClientAction("jsapi", params=named | {"signType": "RSA", "paySign": sign})

    def query(self, no: str) -> PaymentAnswer:
        """See `Gateway`."""
        code, answer = self._ask(lambda: self._client.query(out_trade_no=no))
        if code == 404:
            return PaymentAnswer(no, PayState.NOT_FOUND)
        if code != 200 or not self._is_mine(answer) or answer.get("out_trade_no") != no:
            return PaymentAnswer(no, PayState.UNKNOWN)
        state = STATES.get(str(answer.get("trade_state")), PayState.UNKNOWN)
        return PaymentAnswer(no, state, _total(answer), str(answer.get("transaction_id", "")))

    def close(self, no: str) -> CloseResult:
        """See `Gateway`. A payment that the platform never heard of cannot be made either: it knows them only from `open`."""
        code, answer = self._ask(lambda: self._client.close(out_trade_no=no))
        if code == 204 or answer.get("code") in ("ORDER_CLOSED", "ORDER_NOT_EXIST"):
            return CloseResult.CLOSED
        return CloseResult.ALREADY_PAID if answer.get("code") == "ORDERPAID" else CloseResult.UNKNOWN

    def refund(self, request: RefundRequest) -> RefundState:
        """See `Gateway`."""
        code, answer = self._ask(
            lambda: self._client.refund(
                out_refund_no=request.no,
                **_refunded(request),
                amount={"refund": request.amount_fen, "total": request.paid_fen, "currency": "CNY"},
            )
        )
        if code == 200:
            return REFUNDS.get(str(answer.get("status")), RefundState.UNKNOWN)
        return RefundState.FAILED if answer.get("code") in FINAL else RefundState.UNKNOWN

    def query_refund(self, request: RefundRequest) -> RefundState:
        """See `Gateway`."""
        code, answer = self._ask(lambda: self._client.query_refund(request.no))
        if code == 404:
            return RefundState.NOT_FOUND
        return REFUNDS.get(str(answer.get("status")), RefundState.UNKNOWN) if code == 200 else RefundState.UNKNOWN

    def bill(self, day: date, *, with_shares: bool = False) -> list[BillLine]:
        """See `Bills`: the trade bill of a day, the transfers of the accounts' bills where technicians are paid from here, and the
        bill of profit sharing."""
        on = day.isoformat()
        lines = list(self._bill(day, lambda: self._client.trade_bill(on), trade_lines))
        for account in FUND_ACCOUNTS if self._account.pays_out else ():
            lines += self._bill(day, partial(self._client.fundflow_bill, on, account), transfer_lines)
        if with_shares:
            read = partial(share_lines, merchant_id=self._account.merchant_id)
            lines += self._bill(day, lambda: self._client.profitsharing_bill(on), read)
        return lines

    def _bill(
        self, day: date, ask: Callable[[], tuple[int, Any]], read: Callable[[str], Iterator[BillLine]]
    ) -> list[BillLine]:
        """A compressed bill, its text proved by the hash that came with its address. Raises: BillUnavailable."""
        code, answer = self._ask(ask)
        if answer.get("code") == "NO_STATEMENT_EXIST":
            return []
        if code != 200:
            raise BillUnavailable(f"bill {day}")
        try:
            _code, packed = self._client.download_bill(answer["download_url"])
            text = gzip.decompress(packed)
            if hashlib.sha1(text, usedforsecurity=False).hexdigest() != answer["hash_value"].lower():
                raise ValueError("another hash")
            return list(read(text.decode("utf-8-sig")))
        except Exception as error:
            raise BillUnavailable(f"bill {day}: {type(error).__name__}") from error

    def parse_notify(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> list[Report]:
        """See `Gateway`. A message of another kind of event is taken note of by nobody: an empty list."""
        return list(self._reports(self.event(headers, raw, now=now), raw.decode()))

    def event(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> dict[str, Any]:
        """What a message of the platform says, opened. Raises: Forged for anything forged, altered or stale."""
        given = {name.lower(): value for name, value in headers.items()}
        if given.get("wechatpay-serial") != self._account.public_key_id:
            raise Forged("signed with another key")  # the library would fetch certificates for it
        if len(raw) > MOST_BYTES or not _is_fresh(given.get("wechatpay-timestamp", ""), now):
            raise Forged("stale or oversized message")
        try:
            event = self._client.callback(given, raw)
        except Exception as error:
            raise Forged("malformed message") from error
        if not event:
            raise Forged("wrong signature")
        found: dict[str, Any] = event
        return found

    def _reports(self, event: Mapping[str, Any], raw: str) -> list[Report]:
        kind, resource = str(event.get("event_type")), event["resource"]
        no = "out_refund_no" if kind.startswith("REFUND.") else "out_trade_no"
        if kind == "TRANSACTION.SUCCESS":
            amount, number = _total(resource), str(resource.get("transaction_id", ""))
            report = Report(self.name, str(event["id"])[:64], "payment", str(resource[no]), amount, number, raw=raw)
        elif kind.startswith("REFUND."):
            state = REFUNDS.get(str(resource.get("refund_status")), RefundState.UNKNOWN)
            amount = int(resource["amount"]["refund"])
            report = Report(
                self.name, str(event["id"])[:64], "refund", str(resource[no]), amount, refund_state=state, raw=raw
            )
        else:
            return []
        return [report if self._is_mine(resource) else report.foreign()]

    def _is_mine(self, about: Mapping[str, Any]) -> bool:
        return about.get("mchid") == self._account.merchant_id and about.get("appid") in (None, self._account.app_id)

    def ask(self, call: Callable[[WeChatPay], tuple[int, Any]]) -> tuple[int, dict[str, Any]]:
        """HTTP status and answer of what only some accounts may ask; status 0 when nobody knows what happened."""
        return self._ask(lambda: call(self._client))

    def _ask(self, call: Callable[[], tuple[int, Any]]) -> tuple[int, dict[str, Any]]:
        """HTTP status and the answer; status 0 when nobody knows what happened."""
        try:
            code, text = call()
            answer = json.loads(text) if text else {}
        except Exception as error:  # noqa: BLE001 - the library raises bare exceptions, and all of them mean "unknown"
            _log.warning("WeChat Pay: %s", type(error).__name__)
            return 0, {}
        return code, answer if isinstance(answer, dict) else {}


def _total(about: Mapping[str, Any]) -> int:
    return int(about.get("amount", {}).get("total", 0))


def _refunded(request: RefundRequest) -> dict[str, str]:
    """Which payment: by its own number where the platform did not learn ours."""
    if request.channel_no:
        return {"transaction_id": request.channel_no}
    return {"out_trade_no": request.payment_no}


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _is_fresh(stamp: str, now: datetime) -> bool:
    return stamp.isascii() and stamp.isdigit() and abs(now.timestamp() - int(stamp[:12])) <= FRESH.total_seconds()
