"""One settlement batch on the page of the settlements: what it says, whether the books agree, and its earnings."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import el, icon, link, out_link
from servicehub.components.layout import panel
from servicehub.components.operator import kpis, page_head
from servicehub.components.tables import amount_td, table, th
from servicehub.pages.operator.entries import trace_link
from servicehub.pages.operator.frame import not_here, order_link, tile
from servicehub.state.operator.settlements import SettlementsState
from servicehub.texts import LOCALE, _

PATH = "/operator/settlements/"
S = SettlementsState.batch
B = SettlementsState.batch.batch


def dash_td(text: Any) -> rx.Component:
    """An amount, or a dash for an empty text."""
    return el.td(el.span(rx.cond(text != "", text, "—"), class_name="num"), class_name="r hide-m")


def technician_link(technician_id: Any, name: Any) -> rx.Component:
    """A technician's name that leads to his page."""
    return link(name, to=rx.Var.create("/operator/technicians/") + technician_id.to(str) + "/", cls="brand w5")


def number(no: Any) -> rx.Component:
    """A batch's number, in letters and digits of one font."""
    return el.code(no, lang="en")


def _figures() -> rx.Component:
    def jobs(n: Any) -> rx.Component:
        return rx.cond(n > 0, _("{n} jobs", n=n), "—")

    return kpis(
        tile(_("Sum"), B.total, jobs(B.earnings)),
        tile(_("Available"), B.available, _("May be withdrawn since then")),
        tile(_("Repaid a debt"), rx.cond(B.repaid != "", B.repaid, "—"), _("Comes before all else")),
        tile(_("Put aside"), rx.cond(B.aside != "", B.aside, "—"), _("Into deposits")),
        tile(_("Left out: held"), rx.cond(B.held_sum != "", B.held_sum, "—"), jobs(B.held)),
    )


def _earnings() -> rx.Component:
    def one(line: Any) -> rx.Component:
        return el.tr(
            el.td(order_link(line.order_no)), el.td(technician_link(line.technician_id, line.name)),
            amount_td(line.available), dash_td(line.repaid), dash_td(line.aside), amount_td(line.total),
            el.td(trace_link(line.order_no, _("Trace this money")), class_name="r"), key=line.order_no,
        )  # fmt: skip

    heads = [
        th(_("Order no.")), th(_("Professional")), th(_("Available"), "r"), th(_("Repaid a debt"), "r hide-m"),
        th(_("Put aside"), "r hide-m"), th(_("Sum"), "r"), th(_("Ledger"), "r"),
    ]  # fmt: skip
    more = rx.cond(
        B.earnings > S.lines.length(),
        el.p(_("The first {n}; the Excel file has all.", n=S.lines.length()), class_name="mut f13 panel-b"),
        rx.fragment(),
    )
    agrees = rx.cond(
        S.is_sound,
        el.span(_("Equals its ledger entries"), class_name="tag tag-g"),
        el.span(_("Differs from its ledger entries"), class_name="tag tag-r"),
    )
    body = table(_("Earnings"), heads, rx.foreach(S.lines, one), empty=more, dense=True)
    return panel(_("Earnings"), body, tail=agrees)


def batch_view() -> rx.Component:
    """The batch that the address names, with the way back."""
    to = rx.Var.create("/api/operator/settlements/") + B.no + f".xlsx?locale={LOCALE.get()}"
    file = out_link(icon("download"), _("Excel file"), cls="abtn", to=to)
    head = page_head(
        el.span(_("Settlement batch"), " ", number(B.no)),
        _("Cut-off {at}, closed {closed}; its earnings are in no other batch", at=B.cut_off, closed=S.closed),
        el.div(link(icon("chevron-left", "s"), _("All batches"), to=PATH, cls="abtn"), file, class_name="row g8"),
    )
    none = not_here(
        _("There is no such batch"), _("No settlement batch of this city has this number."), _("All batches"), PATH
    )
    return rx.cond(B.no != "", rx.fragment(head, _figures(), _earnings()), none)
