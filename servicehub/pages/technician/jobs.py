"""The list of a technician's jobs."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import el, lbtn, seg
from servicehub.components.layout import navbar
from servicehub.components.technician import technician_shell
from servicehub.pages.page import Page
from servicehub.pages.technician.parts import job_row, nothing, until_ready
from servicehub.state.technician.jobs import JobsState as S
from servicehub.texts import N_, _

TABS = (("today", N_("Today")), ("upcoming", N_("Upcoming")), ("done", N_("Done")))


def view() -> rx.Component:
    """The page."""
    tabs = seg([(_(text), S.tab == value, S.choose(value)) for value, text in TABS], _("Which jobs"))
    rows = el.div(rx.foreach(S.rows, job_row), class_name="card")
    none = nothing(
        _("No jobs here"),
        _("Accepted jobs appear in this list."),
        lbtn(_("See open offers"), to="/technician/offers/", kind="t"),
    )
    body = el.div(rx.cond(S.rows.length() > 0, rows, none), class_name="stack")
    return technician_shell(
        el.div(tabs, class_name="pad row"),
        until_ready(S.ready, body, "list"),
        active="schedule",
        header=navbar(_("My jobs"), "/technician/"),
    )


PAGE = Page("/technician/jobs/", view, N_("My jobs"), S.open)
