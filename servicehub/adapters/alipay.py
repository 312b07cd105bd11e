"""Alipay in certificate mode: `adapters.gateway.Gateway` over the `python-alipay-sdk` library.

Owns the translation only, and the only place where money is a decimal string. The library verifies answers by counting braces, so
none ever leaves in a text of ours; whatever it raises means that the outcome is unknown.
"""

from __future__ import annotations

import csv
import hashlib
import io
import logging
import re
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import httpx
from alipay import DCAliPay

from servicehub.domain.channel import (
    ClientAction,
    CloseResult,
    PaymentAnswer,
    PayoutRequest,
    PayoutState,
    PayRequest,
    PayState,
    RefundRequest,
    RefundState,
    Report,
    Scene,
)
from servicehub.domain.reconciliation import BillLine, LineKind
from servicehub.errors import BillUnavailable, Forged, GatewayUnknown
from servicehub.settings import AlipayAccount

FRESH = timedelta(hours=26)
"""Alipay repeats a message for 25 hours."""
MOST_BYTES = 64_000
TIMEOUT_S = 8
TITLE_CHARS = 120
OK = "10000"
ZONE = ZoneInfo("Asia/Shanghai")
"""Alipay's clock."""
STATES = {"WAIT_BUYER_PAY": PayState.WAITING, "TRADE_SUCCESS": PayState.PAID, "TRADE_FINISHED": PayState.PAID}
UNPAID_CLOSED = "TRADE_CLOSED"
"""Closed unpaid, or paid and then returned in full."""
FINAL = frozenset(
    {
        "ACQ.TRADE_NOT_EXIST",
        "ACQ.TRADE_STATUS_ERROR",
        "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
        "ACQ.INVALID_PARAMETER",
        "ACQ.TRADE_HAS_FINISHED",
    }
)
"""Refusals of a refund that no repetition changes."""
PAYOUTS = {
    "SUCCESS": PayoutState.SUCCEEDED,
    "DEALING": PayoutState.PROCESSING,
    "WAIT_PAY": PayoutState.PROCESSING,
    "FAIL": PayoutState.FAILED,
    "REFUND": PayoutState.FAILED,
    "CLOSED": PayoutState.FAILED,
}
UNPAYABLE = frozenset(
    {
        "PAYEE_NOT_EXIST",
        "PAYEE_USER_INFO_ERROR",
        "PAYEE_ACC_OCUPIED",
        "PAYEE_ACCOUNT_STATUS_ERROR",
        "PAYEE_CERTIFY_LEVEL_LIMIT",
        "PAYMENT_INFO_INCONSISTENCY",
        "EXCEED_LIMIT_SM_AMOUNT",
    }
)
"""Refusals of a payout that no repetition changes: no such account, another owner, a number used for something else."""
ROYALTY = "分账"
"""What kind of business or description in the account's bill contain where it is a share or came back from one."""
_log = logging.getLogger(__name__)


class AlipayGateway:
    """One merchant's account."""

    name = "alipay"
    wants_repeats = False
    acknowledgement = "success"

    def __init__(self, account: AlipayAccount, *, base_url: str) -> None:
        """Raises: OSError for a missing file, Exception (the library's) for a key or certificate that is none."""
        self._account, self._base_url = account, base_url.rstrip("/")
        self.account = account
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the library reads certificates by an old interface
            self._client = DCAliPay(
                appid=account.app_id,
                app_notify_url=f"{self._base_url}/api/payments/notify/alipay",
                app_private_key_string=account.private_key_file.read_text("utf-8"),
                app_public_key_cert_string=account.app_certificate_file.read_text("utf-8"),
                alipay_public_key_cert_string=account.alipay_certificate_file.read_text("utf-8"),
                alipay_root_cert_string=account.root_certificate_file.read_text("utf-8"),
            )
            self._client.build_body("warm")  # it reads the certificates at their first use, and keeps their numbers
        self._client._gateway = account.api  # noqa: SLF001 - the library knows two addresses only
        self._client._config.timeout = TIMEOUT_S  # noqa: SLF001 - certificate mode has no argument for it

    def open(self, request: PayRequest) -> ClientAction:
        """See `Gateway`. On a phone nothing is sent: the browser carries the signed request, and the trade exists once it has.

        On a desktop the trade is made at once, and its code is scanned.
        """
        frozen = {"extend_params": {"royalty_freeze": "true"}} if request.is_shared else {}
        if request.scene is Scene.DESKTOP:
            return ClientAction("qr", self._code(request, **frozen))
        query = self._client.api_alipay_trade_wap_pay(
            subject=title_of(request.title),
            out_trade_no=request.no,
            total_amount=yuan_of(request.amount_fen),
            return_url=f"{self._base_url}{request.return_path}",
            time_expire=_until(request),
            **frozen,
        )
        return ClientAction("redirect", f"{self._account.api}?{query}")

    def _code(self, request: PayRequest, **more: Any) -> str:
        """What the payer scans. Raises: GatewayUnknown."""
        answer = self._ask(
            lambda: self._client.api_alipay_trade_precreate(
                subject=title_of(request.title),
                out_trade_no=request.no,
                total_amount=yuan_of(request.amount_fen),
                time_expire=_until(request),
                **more,
            )
        )
        if answer.get("code") != OK or not answer.get("qr_code"):
            raise GatewayUnknown(request.no)
        return str(answer["qr_code"])

    def query(self, no: str) -> PaymentAnswer:
        """See `Gateway`."""
        answer = self._ask(lambda: self._client.api_alipay_trade_query(out_trade_no=no))
        if answer.get("sub_code") == "ACQ.TRADE_NOT_EXIST":
            return PaymentAnswer(no, PayState.NOT_FOUND)
        if answer.get("code") != OK or answer.get("out_trade_no") != no:
            return PaymentAnswer(no, PayState.UNKNOWN)
        status = str(answer.get("trade_status"))
        if status == UNPAID_CLOSED:
            paid = bool(answer.get("send_pay_date"))
            state = PayState.PAID if paid else PayState.CLOSED
        else:
            state = STATES.get(status, PayState.UNKNOWN)
        return PaymentAnswer(no, state, fen_of(answer.get("total_amount")), str(answer.get("trade_no", "")))

    def close(self, no: str) -> CloseResult:
        """See `Gateway`. A trade that does not exist yet is as good as closed: its signed request ends with the hold."""
        answer = self._ask(lambda: self._client.server_api("alipay.trade.close", {"out_trade_no": no}))
        if answer.get("code") == OK or answer.get("sub_code") == "ACQ.TRADE_NOT_EXIST":
            return CloseResult.CLOSED
        if answer.get("sub_code") != "ACQ.TRADE_STATUS_ERROR":
            return CloseResult.UNKNOWN
        known = self.query(no).state
        if known is PayState.PAID:
            return CloseResult.ALREADY_PAID
        return CloseResult.CLOSED if known is PayState.CLOSED else CloseResult.UNKNOWN

    def refund(self, request: RefundRequest) -> RefundState:
        """See `Gateway`. Alipay ends a refund while it answers; "nothing changed" says that it had ended before."""
        returned = {}
        if request.return_fen:
            part = {"trans_out": self._account.sharing_receiver, "amount": yuan_of(request.return_fen)}
            returned["refund_royalty_parameters"] = [{"royalty_type": "transfer", "trans_out_type": "userId", **part}]
        answer = self._ask(
            lambda: self._client.api_alipay_trade_refund(
                yuan_of(request.amount_fen), out_trade_no=request.payment_no, out_request_no=request.no, **returned
            )
        )
        if answer.get("code") == OK:
            return RefundState.SUCCEEDED if answer.get("fund_change") == "Y" else self.query_refund(request)
        return RefundState.FAILED if answer.get("sub_code") in FINAL else RefundState.UNKNOWN

    def query_refund(self, request: RefundRequest) -> RefundState:
        """See `Gateway`."""
        asked = {"out_trade_no": request.payment_no, "out_request_no": request.no}
        answer = self._ask(lambda: self._client.server_api("alipay.trade.fastpay.refund.query", asked))
        if answer.get("code") != OK:
            lost = answer.get("sub_code") == "ACQ.TRADE_NOT_EXIST"
            return RefundState.NOT_FOUND if lost else RefundState.UNKNOWN
        if answer.get("refund_status") == "REFUND_SUCCESS" and answer.get("out_request_no") == request.no:
            return RefundState.SUCCEEDED
        return RefundState.NOT_FOUND

    def payout(self, request: PayoutRequest) -> PayoutState:
        """See `Payouts`: to an account by its log-in name, which must belong to that person."""
        answer = self._ask(
            lambda: self._client.api_alipay_fund_trans_uni_transfer(
                request.no,
                "ALIPAY_LOGON_ID",
                request.account,
                yuan_of(request.amount_fen),
                request.name,
                order_title="Earnings",
            )
        )
        if answer.get("code") == OK:
            return PAYOUTS.get(str(answer.get("status")), PayoutState.UNKNOWN)
        return PayoutState.FAILED if answer.get("sub_code") in UNPAYABLE else PayoutState.UNKNOWN

    def query_payout(self, no: str) -> PayoutState:
        """See `Payouts`."""
        asked = {"out_biz_no": no, "product_code": "TRANS_ACCOUNT_NO_PWD", "biz_scene": "DIRECT_TRANSFER"}
        answer = self._ask(lambda: self._client.server_api("alipay.fund.trans.common.query", asked))
        if answer.get("code") == OK:
            return PAYOUTS.get(str(answer.get("status")), PayoutState.UNKNOWN)
        return PayoutState.NOT_FOUND if answer.get("sub_code") == "ORDER_NOT_EXIST" else PayoutState.UNKNOWN

    def bill(self, day: date, *, with_shares: bool = False) -> list[BillLine]:
        """See `Bills`: payments and refunds from the trade bill, transfers and shares from the bill of the account."""
        trades = self._bill("trade", day)
        account = self._bill("signcustomer", day)
        shares = _share_lines(account) if with_shares else ()
        return [*_trade_lines(trades), *_transfer_lines(account), *shares]

    def _bill(self, kind: str, day: date) -> list[dict[str, str]]:
        asked = {"bill_type": kind, "bill_date": day.isoformat()}
        answer = self._ask(lambda: self._client.server_api("alipay.data.dataservice.bill.downloadurl.query", asked))
        if answer.get("sub_code") == "isv.bill_not_exist":
            return []
        if answer.get("code") != OK:
            raise BillUnavailable(f"bill {day}")
        try:
            packed = httpx.get(str(answer["bill_download_url"]), timeout=TIMEOUT_S).raise_for_status().content
            return _table(packed)
        except Exception as error:
            raise BillUnavailable(f"bill {day}: {type(error).__name__}") from error

    def parse_notify(self, headers: Mapping[str, str], raw: bytes, *, now: datetime) -> list[Report]:
        """See `Gateway`. Only a payment is news: a refund ended when it was asked for."""
        form, text = self._verified(headers, raw, now)
        if form.get("trade_status") not in STATES or STATES[form["trade_status"]] is not PayState.PAID:
            return []
        if form.get("gmt_refund"):
            return []
        event_id = hashlib.sha256(form.get("notify_id", text).encode()).hexdigest()
        amount, number = fen_of(form.get("total_amount")), form.get("trade_no", "")
        report = Report(self.name, event_id, "payment", form.get("out_trade_no", ""), amount, number, raw=text)
        mine = form.get("app_id") == self._account.app_id and form.get("seller_id") == self._account.seller_id
        return [report if mine else report.foreign()]

    def _verified(self, headers: Mapping[str, str], raw: bytes, now: datetime) -> tuple[dict[str, str], str]:
        """A message's fields and its text. Raises: Forged for anything forged, altered or stale."""
        kind = {name.lower(): value for name, value in headers.items()}.get("content-type", "")
        if len(raw) > MOST_BYTES or not kind.startswith("application/x-www-form-urlencoded"):
            raise Forged("oversized message, or no form")
        try:
            text = raw.decode()
            form = dict(parse_qsl(text, keep_blank_values=True, strict_parsing=True))
            signed = self._client.verify({k: v for k, v in form.items() if k != "sign"}, form.get("sign", ""))
        except Exception as error:
            raise Forged("malformed message") from error
        if not signed:
            raise Forged("wrong signature")
        if not _is_fresh(form.get("notify_time", ""), now):
            raise Forged("stale message")
        return form, text

    def ask(self, call: Callable[[DCAliPay], Any]) -> dict[str, Any]:
        """The answer to what only some accounts may ask; an empty one when nobody knows what happened."""
        return self._ask(lambda: call(self._client))

    def _ask(self, call: Callable[[], Any]) -> dict[str, Any]:
        """The answer; an empty one when nobody knows what happened."""
        try:
            answer = call()
        except Exception as error:  # noqa: BLE001 - a wrong signature, a timeout, no answer: all of them mean "unknown"
            _log.warning("Alipay: %s", type(error).__name__)  # never the text: it holds the whole request
            return {}
        return answer if isinstance(answer, dict) else {}


def _table(packed: bytes) -> list[dict[str, str]]:
    """The rows of the detailed table inside a zip: GBK, with remarks around it that begin with #."""
    with zipfile.ZipFile(io.BytesIO(packed)) as folder:
        name = next(name for name in folder.namelist() if not name.endswith("(汇总).csv"))
        text = folder.read(name).decode("gbk")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    rows = csv.DictReader(lines)
    if "商户订单号" not in (rows.fieldnames or ()):
        raise ValueError("no bill")
    return [{(k or "").strip(): (v or "").strip() for k, v in row.items()} for row in rows]


def _trade_lines(rows: Iterable[Mapping[str, str]]) -> Iterator[BillLine]:
    for row in rows:
        fen, fee = abs(fen_of(row["订单金额（元）"])), -fen_of(row["服务费（元）"])
        if row["业务类型"] == "交易":
            yield BillLine(LineKind.PAYMENT, row["商户订单号"], fen, fee, row["支付宝交易号"])
        elif row["业务类型"] == "退款":
            yield BillLine(LineKind.REFUND, row["退款批次号/请求号"], fen, fee, row["支付宝交易号"])


def _transfer_lines(rows: Iterable[Mapping[str, str]]) -> Iterator[BillLine]:
    for row in rows:
        if row["业务类型"] == "转账" and (fen := abs(fen_of(row["支出金额（-元）"]))):
            yield BillLine(LineKind.PAYOUT, row["商户订单号"], fen, 0, row["业务流水号"])


def _share_lines(rows: Iterable[Mapping[str, str]]) -> Iterator[BillLine]:
    """What went out to receivers of shares, and what came back, under the number of the payment: there is none of ours for each."""
    for row in rows:
        if ROYALTY not in row["业务类型"] + row.get("业务描述", ""):
            continue
        out, back = abs(fen_of(row["支出金额（-元）"])), abs(fen_of(row["收入金额（+元）"]))
        if out or back:
            kind = LineKind.SHARE if out else LineKind.SHARE_RETURN
            yield BillLine(kind, row["商户订单号"], out or back, 0, row["账务流水号"])


def _is_fresh(stamp: str, now: datetime) -> bool:
    try:
        sent_at = datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)
    except ValueError:
        return False
    return abs(now - sent_at) <= FRESH


def _until(request: PayRequest) -> str:
    return request.expires_at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def title_of(text: str) -> str:
    """A text that the library can verify in an answer."""
    return re.sub(r"[{}<>/\\=&\"]", " ", text)[:TITLE_CHARS]


def yuan_of(fen: int) -> str:
    """An amount as Alipay writes it."""
    return f"{Decimal(fen) / 100:.2f}"


def fen_of(yuan: object) -> int:
    """An amount as Alipay writes it, in fen; 0 for what is no amount."""
    try:
        return int(Decimal(str(yuan)) * 100)
    except (InvalidOperation, ValueError):
        return 0
