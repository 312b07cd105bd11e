"""The operator's pages. One module a page, each with a `PAGE`; listed here."""

from __future__ import annotations

from servicehub.pages.operator import (
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
    payments,
    planning,
    policy,
    reconciliation,
    refunds,
    settlement_mode,
    settlements,
    technician,
    technicians,
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
    payments.PAGE,
    refunds.PAGE,
    settlements.PAGE,
    withdrawals.PAGE,
    invoices.PAGE,
    reconciliation.PAGE,
    settlement_mode.PAGE,
    machine.PAGE,
    audit.PAGE,
    commission.PAGE,
)
