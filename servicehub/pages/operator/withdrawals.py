"""`/operator/withdrawals/`: technicians' withdrawals, decided by one person or two, and what became of each."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import Child, Text, attrs, avatar, btn, el, link
from servicehub.components.forms import text_input
from servicehub.components.layout import empty, modal
from servicehub.components.operator import abtn, columns, kpis, page_head
from servicehub.components.tables import table, th, two_lines, view_tab, views
from servicehub.pages.operator import deposits
from servicehub.pages.operator.frame import act, frame, loading, reason_dialog
from servicehub.pages.page import Page
from servicehub.queries.withdrawals import STATUSES
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.deposits import DepositsState
from servicehub.state.operator.withdrawals import WithdrawalsState
from servicehub.texts import N_, _

S = WithdrawalsState
R = WithdrawalsState.shown


def _tile(name: Text, value: Child, hint: Text) -> rx.Component:
    return el.div(
        el.span(name, class_name="f13 mut"),
        el.span(value, class_name="v"),
        el.span(hint, class_name="f11 mut"),
        class_name="kpi",
    )


def _row(r: rx.Var) -> rx.Component:
    to = rx.Var.create("/operator/technicians/") + r.technician_id.to(str) + "/"
    who = el.div(
        avatar(r.portrait, 36),
        el.div(link(r.name, to=to, cls="brand w6"), el.span(r.asked, class_name="f12 mut"), class_name="col g0"),
        class_name="row g8",
    )
    tone = rx.cond(r.tone != "", "tag tag-" + r.tone, "tag")
    decide = rx.cond(
        r.may_decide,
        el.div(
            abtn("", _("Approve"), primary=True, on_click=S.choose(r.no), **attrs(data_open="approve")),
            abtn("", _("Reject"), cls="abtn-d", on_click=S.choose(r.no), **attrs(data_open="reject")),
            class_name="row g6 end",
        ),
        rx.fragment(),
    )
    return el.tr(
        el.td(who),
        el.td(
            link(
                two_lines(r.amount, r.sub),
                to=rx.Var.create("/operator/ledger/?q=") + r.no,
                cls="brand",
                title=_("Its entries in the ledger"),
            ),
            class_name="num r",
        ),
        el.td(two_lines(r.account, r.channel), class_name="hide-m"),
        el.td(
            el.div(
                el.span(r.state_label, class_name=tone),
                el.span(r.note, class_name="f12 mut"),
                class_name="col g2 start",
            )
        ),
        el.td(decide),
        key=r.no,
    )


def _approve() -> rx.Component:
    return modal(
        "approve",
        _("Approve the withdrawal"),
        el.div(
            el.p(S.chosen_words, class_name="f16 w6"),
            el.p(_("The money is sent to this account and cannot be fetched back."), class_name="f14 ink2"),
            el.div(
                btn(_("Keep"), kind="o", cls="grow", **attrs(data_close="")),
                btn(_("Approve"), cls="grow", on_click=S.approve),
                class_name="row g12",
            ),
            class_name="col g16",
        ),
    )


def _limits() -> rx.Component:
    """What technicians may take out; every change is a version."""
    limits = R.limits

    def number(name: str, label: str, value: rx.Var, pattern: str = r"[0-9]{1,6}(\.[0-9]{1,2})?") -> rx.Component:
        return text_input(
            f"limit-{name}", label, name=name, default_value=value, input_mode="decimal", pattern=pattern, required=True
        )

    fields = el.div(
        number("least_fen", _("Smallest withdrawal, ¥"), limits.least),
        number("most_fen", _("Largest withdrawal, ¥"), limits.most),
        number("a_day", _("Withdrawals in 24 hours"), limits.a_day, "[0-9]{1,2}"),
        number("second_from_fen", _("Two people decide from, ¥"), limits.second_from),
        number("fee_bp", _("Fee, %"), limits.fee),
        number("least_fee_fen", _("Smallest fee, ¥"), limits.least_fee),
        key=limits.version.to(str),
        class_name="pair",
    )
    return reason_dialog(
        "limits",
        _("Limits of withdrawals"),
        rx.cond(
            limits.version > 0,
            _("They hold for withdrawals that are asked for from now on. Version {n} is in force.", n=limits.version),
            _("They hold for withdrawals that are asked for from now on. So far these are the defaults."),
        ),
        _("Adopt"),
        S.limit,
        fields,
        danger=False,
    )


def view() -> rx.Component:
    """The page."""
    tabs = [view_tab(_("All"), S.state == "", S.show(""))]
    tabs += [view_tab(_(text), S.state == key, S.show(key)) for key, text in STATUSES.items()]
    heads = [th(_("Technician")), th(_("Amount"), "r"), th(_("Payout account"), "hide-m"), th(_("State")), th("")]
    nothing = rx.cond(
        R.rows.length() == 0, empty(_("Nothing here"), _("Withdrawals of technicians appear here.")), rx.fragment()
    )
    rows = table(_("Withdrawals"), heads, rx.foreach(R.rows, _row), empty=nothing)
    figures = kpis(
        _tile(_("Wait for a decision"), R.waiting.to(str), R.waiting_sum),
        _tile(_("Being paid out"), R.sending.to(str), _("Asked again until the channel answers")),
        _tile(_("Paid out today"), R.paid_today, _("By the city's day")),
    )
    body = el.section(
        el.h2(_("Withdrawals"), class_name="sr"),
        views(_("States"), *tabs),
        rx.cond(S.ready, rows, loading(5)),
        class_name="panel",
    )
    say_no = reason_dialog(
        "reject",
        _("Reject the withdrawal"),
        _("The money becomes available to the technician again, who reads your reason."),
        _("Reject"),
        S.reject,
        el.p(S.chosen_words, class_name="f16 w6"),
    )
    head = page_head(
        _("Withdrawals"),
        _("Money that technicians take out; large ones need two people"),
        rx.cond(R.may_limit, act("sliders-horizontal", _("Limits"), "limits"), rx.fragment()),
    )
    return frame(
        head,
        figures,
        body,
        columns(deposits.wishes(), deposits.rules()),
        active="withdrawals",
        state=S,
        overlays=rx.fragment(_approve(), say_no, rx.cond(R.may_limit, _limits(), rx.fragment()), deposits.dialogs()),
    )


PAGE = Page(
    "/operator/withdrawals/", view, N_("Withdrawals"), [OperatorShellState.watch, S.watch, DepositsState.watch],
    description=N_("Technicians' withdrawals: decided, paid out, or back where they were."),
)  # fmt: skip
