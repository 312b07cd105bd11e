"""The technician's pages. One module a page, each with a `PAGE`; listed here."""

from __future__ import annotations

from servicehub.pages.page import Page
from servicehub.pages.technician import earning, income, job, jobs, me, offers, plan, schedule, withdraw, work

PAGES: tuple[Page, ...] = (
    work.PAGE,
    offers.PAGE,
    schedule.PAGE,
    jobs.PAGE,
    job.PAGE,
    plan.PAGE,
    income.PAGE,
    withdraw.PAGE,
    earning.PAGE,
    me.PAGE,
)
