"""The operator's pages. One module a page, each with a `PAGE`; listed here."""

from __future__ import annotations

from servicehub.pages.operator import (
    audit,
    dispatch,
    fairness,
    ledger,
    machine,
    order,
    orders,
    overview,
    planning,
    policy,
    reconciliation,
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
    ledger.PAGE,
    withdrawals.PAGE,
    reconciliation.PAGE,
    machine.PAGE,
    audit.PAGE,
)
