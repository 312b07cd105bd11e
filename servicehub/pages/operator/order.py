"""`/operator/orders/[order_no]`: everything about one order, and the interventions that its machine and the role allow."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import addressed, avatar, el, icon, link
from servicehub.components.elements import live_map
from servicehub.components.layout import note, panel
from servicehub.components.operator import abtn, alink, columns, facts_table, page_head
from servicehub.components.order import (
    crew_list,
    photo,
    photo_grid,
    price_breakdown,
    price_line,
    status_pill,
    timeline,
)
from servicehub.components.tables import amount_td, sla, table, th, two_lines
from servicehub.pages.operator.entries import LEDGER, entry_table, trace_link
from servicehub.pages.operator.frame import act, amount_field, frame, not_here, reason_dialog, waiting_panel
from servicehub.pages.operator.reasons import decisions
from servicehub.pages.operator.refund import refund_button, refund_dialog
from servicehub.pages.page import Page
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.order import OrderSheetState
from servicehub.texts import N_, _

S = OrderSheetState
P = OrderSheetState.shown
O = OrderSheetState.shown.sheet  # noqa: E741 - the order


def _head() -> rx.Component:
    allowed = O.actions

    def when(key: str, button: rx.Component) -> rx.Component:
        return rx.cond(allowed.contains(key), button, rx.fragment())

    board = rx.Var.create("/operator/dispatch/?order=") + O.no
    return page_head(
        _("Order {no}", no=O.no),
        el.span(O.service, " · ", O.facts),
        status_pill(O.status, O.status_text),
        when("assign", alink("user-plus", _("Assign"), board, primary=True)),
        when("reassign", alink("repeat", _("Reassign"), board)),
        when("resolve", act("scale", _("Resolve"), "act-resolve")),
        when("refund", refund_button()),
        when("credit", act("gift", _("Credit balance"), "act-credit")),
        when("cancel", act("ban", _("Cancel order"), "act-cancel", danger=True)),
    )


def _facts() -> rx.Component:
    reveal = rx.cond(
        O.actions.contains("reveal"),
        abtn("eye", _("Reveal"), custom_attrs={"data-open": "act-reveal"}),
        rx.fragment(),
    )
    late = rx.cond(O.late != "", el.div(note(O.late, "warn", "clock"), class_name="panel-b"), rx.fragment())
    clear = rx.cond(S.contact != "", note(S.contact, "warn", "eye"), rx.fragment())
    table_ = facts_table(
        (_("Visit time"), O.visit),
        (_("Time limit"), sla(O.sla_s, O.has_sla)),
        (_("Placed at"), el.span(O.placed, class_name="num")),
        (_("Found by"), O.mode),
        (_("Address"), el.span(O.area, " · ", O.district)),
        (
            _("Contact"),
            el.div(el.span(O.contact, " ", el.span(O.phone, class_name="num")), reveal, class_name="row g8 wrap"),
        ),
        (_("Wishes"), rx.cond(O.requirements != "", O.requirements, "—")),
    )
    return panel(_("Order details"), late, table_, el.div(clear, class_name="panel-b"))


def _people() -> rx.Component:
    worker = el.div(
        avatar(O.technician.portrait, 44),
        el.div(
            link(O.technician.name, to=O.technician.link, cls="brand w6"),
            el.span(O.technician.note, class_name="f12 mut"),
            class_name="col g0 grow",
        ),
        class_name="row g12",
    )
    nobody = el.p(icon("hourglass", "s"), _("Nobody has the order yet"), class_name="row g6 mut f13")
    customer = el.div(
        avatar(O.customer.portrait, 44),
        el.div(
            el.span(O.customer.name, class_name="w6"),
            el.span(O.customer.note, class_name="f12 mut"),
            class_name="col g0 grow",
        ),
        class_name="row g12",
    )
    stars = el.div(
        icon("star-f", "s"),
        el.span(O.stars, class_name="num"),
        el.span(O.review, class_name="f13 ink2"),
        class_name="row g6",
    )
    review = rx.cond(O.stars != "", stars, rx.fragment())
    return panel(
        _("People"),
        el.div(
            rx.cond(O.crew.length() > 0, crew_list(O.crew), rx.cond(O.has_technician, worker, nobody)),
            customer,
            review,
            class_name="col g16 panel-b",
        ),
    )


def _log() -> rx.Component:
    def item(row: rx.Var) -> rx.Component:
        words = el.div(
            el.span(row.title, class_name="f14 w6"),
            el.span(el.span(row.when, class_name="num"), " · ", row.who, class_name="f12 mut"),
            rx.cond(row.note != "", el.span(row.note, class_name="f12 ink2"), rx.fragment()),
            class_name="col g2",
        )
        return el.li(el.span(icon(row.icon), class_name="n"), words, class_name=row.state, key=row.id)

    return panel(_("Timeline"), timeline(rx.foreach(P.log, item)))


def _money() -> rx.Component:
    lines = rx.foreach(
        O.lines, lambda line: price_line(line.name, line.amount, note=line.note, discount=line.is_discount)
    )

    def number(m: rx.Var) -> rx.Component:
        code = el.code(m.short, class_name="f12", title=m.no, lang="en")
        return rx.cond(m.trace != "", trace_link(m.trace, code), el.span(code, class_name="mut"))

    rows = rx.foreach(
        P.money,
        lambda m: el.tr(
            el.td(two_lines(m.title, m.note), number(m)),
            el.td(el.span(m.when, class_name="num")),
            el.td(el.span(m.state, class_name=rx.Var.create("st st-") + m.tone)),
            amount_td(m.amount),
            key=m.no,
        ),
    )
    heads = [th(_("Payment or refund")), th(_("Recorded at")), th(_("State")), th(_("Amount"), "r")]
    sums = facts_table(
        (_("Paid"), el.span(O.paid, class_name="num")),
        (_("Refunded so far"), el.span(O.refunded, class_name="num")),
        (_("Still due"), el.span(O.due, class_name="num")),
    )
    nothing = rx.cond(
        P.money.length() == 0, el.p(_("No money has moved yet."), class_name="mut f13 panel-b"), rx.fragment()
    )
    moved = table(_("Payments and refunds"), heads, rows, empty=nothing, dense=True)
    shared = el.div(
        el.h3(_("How it is divided"), class_name="f13 w6"),
        rx.foreach(O.division, lambda row: el.div(price_line(row.name, row.amount, note=row.note), key=row.name)),
        class_name="col g4 panel-b",
    )
    divided = rx.cond(O.division.length() > 0, shared, rx.fragment())
    return panel(_("Money"), price_breakdown(lines, O.total), moved, sums, divided, note=O.plan)


def _entries() -> rx.Component:
    trace = alink("scale", _("Trace this money"), rx.Var.create(f"{LEDGER}?q=") + O.no)
    body = panel(_("Ledger entries"), entry_table(P.books, _("Ledger entries")), tail=trace)
    return rx.cond(P.books.length() > 0, body, rx.fragment())


def _offers() -> rx.Component:
    rows = rx.foreach(
        P.offers,
        lambda o: el.tr(
            el.td(two_lines(o.technician, o.when)),
            el.td(el.span(o.state, class_name=rx.Var.create("st st-") + o.tone)),
            el.td(o.note, class_name="mut"),
            key=o.id,
        ),
    )
    body = panel(
        _("Offers"), table(_("Offers"), [th(_("Technician")), th(_("Answer")), th(_("Details"))], rows, dense=True)
    )
    return rx.cond(P.offers.length() > 0, body, rx.fragment())


def _photos() -> rx.Component:
    grid = photo_grid(rx.foreach(P.photos, lambda p: photo(p.src, p.alt, key=p.src)))
    return rx.cond(P.photos.length() > 0, panel(_("Photos"), el.div(grid, class_name="panel-b")), rx.fragment())


def _audits() -> rx.Component:
    rows = rx.foreach(
        P.audits,
        lambda a: el.tr(el.td(two_lines(a.action, a.when)), el.td(two_lines(a.who, a.role)), el.td(a.reason), key=a.id),
    )
    body = panel(
        _("Interventions"), table(_("Interventions"), [th(_("What")), th(_("Who")), th(_("Reason"))], rows, dense=True)
    )
    return rx.cond(P.audits.length() > 0, body, rx.fragment())


def _map() -> rx.Component:
    return panel(_("Place"), live_map(S.place, _("Map of the visit's address"), cls="map-s"))


def _dialogs() -> rx.Component:
    cancel = reason_dialog(
        "act-cancel", _("Cancel this order"),
        _("{paid} goes back in full, the time is released, the customer is told.", paid=O.paid),
        _("Cancel order"), S.cancel,
    )  # fmt: skip
    resolve = reason_dialog(
        "act-resolve", _("Resolve the after-sales case"),
        _("An amount of 0 rejects the claim; more gives it back and closes the order."),
        _("Resolve"), S.resolve, amount_field("resolve-amount", _("Amount to give back, ¥"), default_value="0", required=True),
        rx.cond(
            O.due != "¥0.00",
            note(
                _("{due} of this visit is unpaid. Resolving lets it go: the customer is not asked for it again.", due=O.due),
                "warn",
            ),
            rx.fragment(),
        ),
    )  # fmt: skip
    reveal = reason_dialog(
        "act-reveal", _("Reveal contact data"),
        _("Name, phone and door number are shown on this page only."), _("Reveal"), S.reveal,
        danger=False,
    )  # fmt: skip
    credit = reason_dialog(
        "act-credit", _("Credit the customer's balance"),
        _("The platform pays; the customer can spend it on any order and reads your reason. At most ¥500."), _("Give"), S.credit,
        amount_field("credit-amount", _("Amount, ¥"), required=True), danger=False,
    )  # fmt: skip
    return rx.fragment(cancel, refund_dialog(), credit, resolve, reveal)


def view() -> rx.Component:
    """The page."""
    left = el.div(_money(), decisions(P.decisions), _offers(), _entries(), _photos(), _audits(), class_name="col g16")
    right = el.div(_facts(), _people(), _map(), _log(), class_name="col g16")
    body = rx.fragment(_head(), columns(left, right))
    blank = rx.fragment(page_head(_("Order"), _("Loading")), waiting_panel())
    none = not_here(
        _("This order is not here"),
        _("It may belong to another city or district, or the number is wrong."),
        _("All orders"),
        "/operator/orders/?view=all",
    )
    body = rx.cond(addressed(O.no), body, blank)  # another order, until this one is read
    return frame(rx.cond(P, body, rx.cond(S.ready, none, blank)), active="orders", state=S, overlays=_dialogs())


PAGE = Page("/operator/orders/[order_no]", view, N_("Order"), [OperatorShellState.watch, S.watch])
