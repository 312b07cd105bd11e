"""The operator's pages. One module a page, each with a `PAGE`; listed here."""

from __future__ import annotations

from servicehub.pages.operator import (
    account,
    account_group,
    audit,
    commission,
    dispatch,
    fairness,
    invoices,
    ledger,
    machine,
    money,
    order,
    orders,
    overview,
    planning,
    policy,
    reconciliation,
    settlement_mode,
    settlements,
    technician,
    technicians,
    vouchers,
    withdrawals,
)
from servicehub.pages.page import Page

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    dispatch.PAGE,
    planning.PAGE,
    policy.PAGE,
    fairness.PAGE,
    orders.PAGE,
    order.PAGE,
    technicians.PAGE,
    technician.PAGE,
    money.PAGE,
    ledger.PAGE,
    account.PAGE,
    account_group.PAGE,
    settlements.PAGE,
    withdrawals.PAGE,
    invoices.PAGE,
    reconciliation.PAGE,
    vouchers.PAGE,
    settlement_mode.PAGE,
    machine.PAGE,
    audit.PAGE,
    commission.PAGE,
)
