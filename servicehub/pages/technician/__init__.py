"""The technician's pages. One module a page, each with a `PAGE`; listed here."""

from __future__ import annotations

from servicehub.pages.page import Page
from servicehub.pages.technician import (
    deposit,
    earning,
    income,
    job,
    jobs,
    me,
    offers,
    plan,
    schedule,
    statement,
    withdraw,
    withdraw_confirm,
    work,
)

PAGES: tuple[Page, ...] = (
    work.PAGE,
    offers.PAGE,
    schedule.PAGE,
    jobs.PAGE,
    job.PAGE,
    plan.PAGE,
    income.PAGE,
    statement.PAGE,
    withdraw.PAGE,
    withdraw_confirm.PAGE,
    deposit.PAGE,
    earning.PAGE,
    me.PAGE,
)
