"""WeChat Pay's bills of a day as lines: payments and refunds from the trade bill, transfers from what moved on the accounts, shares
and what came back of them from the bill of profit sharing.

Owns the three formats. Cells begin with a backtick, so that no table program reads them as numbers; two lines of sums end a list.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from servicehub.domain.reconciliation import BillLine, LineKind

FUND_ACCOUNTS = ("BASIC", "OPERATION")
"""The merchant's accounts from which transfers may be paid."""
TRANSFER = "商家转账"
"""How the kinds of business begin that are transfers or come back from them."""
SHARED, RETURNED, UNFROZEN = "分账", "回退", "解冻"
"""What the kinds of business in the bill of profit sharing contain."""


def trade_lines(text: str) -> Iterator[BillLine]:
    """Payments and refunds. Raises: ValueError for what is no trade bill."""
    for cells in _rows(text, "商户订单号"):
        state = cells.get("交易状态", "")
        if state == "SUCCESS":
            fee = _fen(cells["手续费"])
            yield BillLine(LineKind.PAYMENT, cells["商户订单号"], _fen(cells["订单金额"]), fee, cells["微信订单号"])
        elif state == "REFUND" and cells.get("退款状态", "SUCCESS") == "SUCCESS":
            fee = _fen(cells["手续费"])
            yield BillLine(
                LineKind.REFUND, cells["商户退款单号"], _fen(cells["申请退款金额"]), fee, cells["微信退款单号"]
            )


def transfer_lines(text: str) -> Iterator[BillLine]:
    """Transfers and what came back of them; everything else is in the trade bill. Raises: ValueError for what is no fund bill."""
    kinds = {"支出": LineKind.PAYOUT, "收入": LineKind.PAYOUT_BACK}
    for cells in _rows(text, "业务凭证号"):
        if cells.get("业务类型", "").startswith(TRANSFER):
            fen, kind = _fen(cells["收支金额(元)"]), kinds[cells["收支类型"]]
            yield BillLine(kind, cells["业务凭证号"], fen, 0, cells["资金流水单号"])


def share_lines(text: str, merchant_id: str) -> Iterator[BillLine]:
    """Shares and their returns. What is unfrozen stays with the merchant, so it is no line.

    Raises: ValueError for what is no bill of profit sharing.
    """
    for cells in _rows(text, "商户分账/回退单号"):
        kind = cells.get("业务类型", "")
        if SHARED not in kind or UNFROZEN in kind or cells["分账接收方"] == merchant_id:
            continue
        no, number = cells["商户分账/回退单号"], cells["分账明细单号"] or cells["微信分账/回退单号"]
        what = LineKind.SHARE_RETURN if RETURNED in kind else LineKind.SHARE
        yield BillLine(what, no, _fen(cells["金额"]), 0, number)


def _rows(text: str, column: str) -> Iterator[dict[str, str]]:
    rows = csv.DictReader(text.splitlines())
    if column not in (rows.fieldnames or ()):
        raise ValueError("no bill")
    for row in rows:
        yield {name: (value or "").lstrip("`").strip() for name, value in row.items() if name is not None}


def _fen(yuan: str) -> int:
    return int((Decimal(yuan) * 100).to_integral_value(ROUND_HALF_UP))
