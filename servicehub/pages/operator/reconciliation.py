"""`/operator/reconciliation/`: channels' bills beside our books, differences worked to zero by two people, days closed."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import attrs, btn, el
from servicehub.components.layout import empty, modal, note, panel
from servicehub.components.operator import abtn, alink, columns, page_head
from servicehub.components.tables import amount_td, table, th
from servicehub.pages.operator.entries import LEDGER, trace_link
from servicehub.pages.operator.frame import frame, loading, reason_dialog
from servicehub.pages.page import Page
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.reconciliation import ReconciliationState
from servicehub.texts import N_, _

S = ReconciliationState
B = ReconciliationState.shown
CHANNELS = (("wechat", N_("WeChat Pay")), ("alipay", N_("Alipay")), ("stripe", N_("Card")))


def _pull() -> rx.Component:
    options = [
        rx.cond(S.channels.contains(key), el.option(_(name), value=key), rx.fragment()) for key, name in CHANNELS
    ]
    form = el.form(
        el.select(*options, name="channel", class_name="inp", aria_label=_("Channel")),
        el.input(
            type="date", name="day", default_value=B.yesterday, class_name="inp", aria_label=_("Day"), required=True,
            key="day-" + B.yesterday,
        ),
        el.button(_("Pull the bill"), type="submit", class_name="abtn abtn-p"),
        on_submit=S.pull,
        class_name="row g8",
        id="pull",
    )  # fmt: skip
    none = el.span(_("No open channel has bills."), class_name="f13 mut")
    return rx.cond(S.channels.length() > 0, form, none)


def _bill(r: rx.Var) -> rx.Component:
    return el.tr(
        el.td(
            el.button(
                el.span(r.day, class_name="num"),
                type="button",
                class_name="brand w5",
                on_click=S.show(r.id),
                aria_pressed=rx.cond(B.chosen == r.id, "true", "false"),
            )
        ),
        el.td(r.channel),
        el.td(el.span(r.matched, class_name="num"), class_name="r hide-m"),
        amount_td(r.net),
        el.td(el.span(r.fee, class_name="num"), class_name="r hide-m"),
        el.td(el.span(r.state_label, class_name="tag tag-" + r.tone)),
        key=r.id,
    )


def _bills() -> rx.Component:
    heads = [
        th(_("Day")), th(_("Channel")), th(_("Matched"), "r hide-m"), th(_("Net"), "r"), th(_("Fee"), "r hide-m"), th(_("State")),
    ]  # fmt: skip
    nothing = rx.cond(
        B.rows.length() == 0,
        empty(_("No bills yet"), _("Yesterday's bills are pulled at half past ten, or now with the button above.")),
        rx.fragment(),
    )
    rows = table(_("Bills"), heads, rx.foreach(B.rows, _bill), empty=nothing)
    return panel(_("Bills"), rx.cond(S.ready, rows, loading(6)))


def _difference(r: rx.Var) -> rx.Component:
    propose = rx.cond(
        r.may_propose,
        abtn("", _("Say why"), primary=True, on_click=S.choose(r.id), **attrs(data_open="propose")),
        rx.fragment(),
    )
    agree = rx.cond(
        r.may_agree,
        abtn("", _("Agree"), primary=True, on_click=S.choose(r.id), **attrs(data_open="agree")),
        rx.fragment(),
    )
    what = el.div(
        el.span(r.kind, class_name="w5"), trace_link(r.no, el.code(r.no, class_name="f12 no")), class_name="col g0"
    )
    sides = el.div(
        el.span(r.net, class_name="num w5"),
        el.span(r.theirs, " / ", r.ours, class_name="num f12 mut"),
        class_name="col g0",
    )
    state = el.div(
        el.span(r.state_label, class_name="tag tag-" + r.tone),
        el.span(r.note, class_name="f12 mut"),
        el.div(propose, agree, class_name="row"),
        class_name="col g4 start",
    )
    return el.tr(el.td(what), el.td(sides, class_name="r"), el.td(state), key=r.id)


def _proof() -> rx.Component:
    lines = rx.foreach(
        B.proof,
        lambda line: el.div(
            el.span(line[0], class_name="mut"),
            el.span(line[1], class_name="num end"),
            class_name="row f14",
            key=line[0],
        ),
    )
    verdict = rx.cond(
        B.is_proven,
        rx.cond(
            B.waits > 0,
            note(_("Every fen of this day is explained; {n} differences wait for people.", n=B.waits), "warn", "scale"),
            note(_("Every fen of this day is explained."), "ok", "scale"),
        ),
        note(
            _("Something of this day is unexplained: pull the neighbouring days' bills, too."), "bad", "triangle-alert"
        ),
    )
    close = rx.cond(
        B.may_close,
        el.div(abtn("lock", _("Close the day"), **attrs(data_open="close-day")), class_name="row"),
        rx.fragment(),
    )
    heads = [th(_("Difference")), th(_("Bill / books"), "r"), th(_("State"))]
    calm = rx.cond(
        B.differences.length() == 0, el.p(_("Nothing differs."), class_name="mut f13 panel-b"), rx.fragment()
    )
    body = el.div(
        el.div(verdict, lines, close, class_name="panel-b col g8"),
        table(_("Differences"), heads, rx.foreach(B.differences, _difference), empty=calm),
    )
    waiting = el.p(_("Choose a bill."), class_name="mut f13 panel-b")
    booked = rx.cond(
        B.ref != "", alink("scale", _("Entries of the ledger"), rx.Var.create(f"{LEDGER}?q=") + B.ref), rx.fragment()
    )
    title = rx.cond(B.title != "", B.title, _("Proof of the day"))
    return panel(title, rx.cond(B.chosen > 0, body, waiting), tail=booked)


def _dialogs() -> rx.Component:
    def confirm(id: str, title: str, text: str, action: str, handler: object, *, about: bool = True) -> rx.Component:
        lead = [el.p(S.words, class_name="f15 w6")] if about else []
        buttons = el.div(
            btn(_("Keep"), kind="o", cls="grow", **attrs(data_close="")),
            btn(action, cls="grow", on_click=handler),
            class_name="row g12",
        )
        return modal(id, title, el.div(*lead, el.p(text, class_name="f14 ink2"), buttons, class_name="col g16"))

    return rx.fragment(
        reason_dialog(
            "propose", _("Why it does not fit"), _("A second person reads this and agrees, or asks you."), _("Propose"),
            S.propose, el.p(S.words, class_name="f15 w6"), danger=False,
        ),
        confirm(
            "agree", _("Agree to the difference"),
            _("It is booked for good: against suspense, or of a share between the company's account and ours."),
            _("Agree"), S.agree,
        ),
        confirm(
            "close-day", _("Close the day"), _("A closed day is not pulled or worked on again."), _("Close the day"),
            S.close_day, about=False,
        ),
    )  # fmt: skip


def view() -> rx.Component:
    """The page."""
    head = page_head(_("Reconciliation"), _("What the channels say beside what we booked, to the fen"), _pull())
    body = columns(_bills(), _proof(), kind="h")
    return frame(head, body, active="reconciliation", state=S, overlays=_dialogs())


PAGE = Page(
    "/operator/reconciliation/", view, N_("Reconciliation"), [OperatorShellState.watch, S.watch],
    description=N_("Channels' bills beside our books; differences are worked to zero by two people."),
)  # fmt: skip
