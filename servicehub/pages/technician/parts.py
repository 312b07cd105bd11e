"""What several of the technician's pages draw alike. Knows no State; Vars come in."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import art, col, el, icon, link, money, out_link, row, tag
from servicehub.components.layout import empty, skeleton
from servicehub.components.order import status_pill
from servicehub.texts import _


def until_ready(ready: Any, body: rx.Component, kind: str = "card", count: int = 3) -> rx.Component:
    """Boxes of the right size until the first reading is there."""
    return rx.cond(ready, body, el.div(skeleton(kind, count), class_name="pad sec"))


def chips(items: Any, tone: str = "") -> rx.Component:
    """Small words in a row; `tone` for those that bring none (a Var cannot choose a class of the kit here)."""
    return el.div(
        rx.foreach(
            items,
            lambda chip: el.span(
                chip.text, class_name=rx.cond(chip.tone != "", "tag tag-" + chip.tone, f"tag tag-{tone}"), key=chip.key
            ),
        ),
        class_name="row g6 wrap",
    )


def job_row(job: Any) -> rx.Component:
    """A job in a list."""
    head = row(el.span(job.title, class_name="f15 w6 cut grow"), status_pill(job.status, job.status_label), cls="g8")
    words = col(
        head,
        el.span(job.when, class_name="f13 ink2"),
        row(el.span(job.area, class_name="f12 mut cut grow"), money(job.take_home, "f14 c-price"), cls="g8"),
        cls="g2 grow",
    )
    return link(art(job.art, 44, 44), words, to="/technician/job/" + job.no + "/", cls="cell g12", key=job.no)


def nothing(title: str, text: str, *actions: Any, pic: str = "empty-orders") -> rx.Component:
    """An empty state in a card."""
    return el.div(empty(title, text, *actions, pic=pic), class_name="card")


def round_links(map_url: Any, tel: Any) -> list[rx.Component]:
    """Navigate, and call while the job allows it."""
    navigate = out_link(
        icon("navigation", "s"), _("Navigate"), to=map_url, cls="btn btn-o grow", target="_blank", rel="noopener"
    )
    call = rx.cond(tel != "", out_link(icon("phone", "s"), _("Call"), to=tel, cls="btn btn-o grow"), rx.fragment())
    return [navigate, call]


def rule_line(rule: Any, tax: Any) -> rx.Component:
    """The commission rule in words, and the tax that is already off what is shown."""
    off = rx.cond(tax != "", el.span(_("After {amount} of income tax", amount=tax)), rx.fragment())
    return el.span(el.span(rule), off, class_name="f12 mut col g0")


def fresh_tag(text: Any) -> rx.Component:
    return rx.cond(text != "", tag(text, "a"), rx.fragment())
