"""`/operator/ledger/`: the books sum to zero, by account, day and entry; the trace of any number; cases that wait."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import attrs, el
from servicehub.components.forms import search_box
from servicehub.components.layout import note, panel
from servicehub.components.operator import abtn, page_head
from servicehub.components.tables import amount_td, table, th, view_tab, views
from servicehub.pages.operator.entries import account_link, entry_table, group_link, refs
from servicehub.pages.operator.frame import frame, loading, reason_dialog
from servicehub.pages.page import Page
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.ledger import LedgerState
from servicehub.texts import N_, _

S = LedgerState
H = LedgerState.health
F = LedgerState.found


def _verdict() -> rx.Component:
    sound = note(_("Σ = {sum}: all {n} entries balance and are sealed.", sum=H.sum, n=H["entries"]), "ok", "scale")
    broken = note(
        _("Σ = {sum}; {n} entries do not balance, {m} are not sealed.", sum=H.sum, n=H.unbalanced, m=H.unsealed),
        "bad",
        "triangle-alert",
    )
    proved = rx.cond(
        H.proved != "",
        rx.cond(
            H.is_proved,
            el.p(H.proved, class_name="f13 mut"),
            note(H.proved, "bad", "triangle-alert"),
        ),
        rx.fragment(),
    )
    verdict = el.div(rx.cond(H.ok, sound, broken), proved, class_name="col g8")
    return rx.cond(S.ready, verdict, rx.fragment())


def _accounts() -> rx.Component:
    heads = [th(_("Account")), th(_("Postings"), "r"), th(_("Debit"), "r"), th(_("Credit"), "r"), th(_("Balance"), "r")]
    rows = rx.foreach(
        H.accounts,
        lambda a: el.tr(
            el.td(el.div(group_link(a.group, a.name), el.code(a.group, class_name="f12 mut", lang="en"), class_name="col g0")),
            el.td(el.span(a.postings, class_name="num"), class_name="r"),
            amount_td(a.debit), amount_td(a.credit), amount_td(a.balance),
            key=a.group,
        ),
    )  # fmt: skip
    return table(_("Trial balance"), heads, rows)


def _days() -> rx.Component:
    heads = [th(_("Day")), th(_("Entries"), "r"), th(_("Debit"), "r"), th(_("Credit"), "r"), th("Σ", "r")]
    rows = rx.foreach(
        H.days,
        lambda d: el.tr(
            el.td(d.day, class_name="w5"),
            el.td(el.span(d["entries"], class_name="num"), class_name="r"), amount_td(d.debit), amount_td(d.credit),
            el.td(el.span(d.sum, class_name=rx.cond(d.ok, "num c-ok", "num c-bad")), class_name="r"), key=d.day,
        ),
    )  # fmt: skip
    return table(_("By day"), heads, rows, dense=True)


def _suspects() -> rx.Component:
    heads = [
        th(_("Message")), th(_("Channel")), th(_("Recorded at")), th(_("Content"), "hide-m"), th(_("Looked at by")), th(""),
    ]  # fmt: skip

    def row(c: rx.Var) -> rx.Component:
        look = abtn("eye", _("Looked at"), on_click=S.choose(c.key), **attrs(data_open="close-suspect"))
        return el.tr(
            el.td(el.code(c.event_id, class_name="f12")), el.td(c.channel_name), el.td(el.span(c.when, class_name="num")),
            el.td(el.span(c.raw, class_name="f12 mut cut"), class_name="hide-m"),
            el.td(rx.cond(c.is_open, el.span("—", class_name="dim"), el.span(c.closed, class_name="f13"))),
            el.td(rx.cond(c.is_open & S.may_close, look, rx.fragment())),
            key=c.key,
        )  # fmt: skip

    calm = rx.cond(
        S.suspects.length() == 0, el.p(_("Every message fits a payment."), class_name="mut f13 panel-b"), rx.fragment()
    )
    return table(_("Suspect messages"), heads, rx.foreach(S.suspects, row), empty=calm)


def _close() -> rx.Component:
    return reason_dialog(
        "close-suspect",
        _("Looked at this message"),
        _("It leaves the list of what needs a hand and stays in the inbox with your name. No money moves."),
        _("Put it away"),
        S.close,
        el.p(S.chosen_words, class_name="f14 w6"),
        danger=False,
    )


def _tabs() -> rx.Component:
    names = (
        ("accounts", _("Trial balance"), None), ("days", _("By day"), None), ("entries", _("Newest entries"), None),
        ("suspects", _("Suspect messages"), H.suspects),
    )  # fmt: skip
    tabs = [view_tab(text, S.tab == key, S.show(key), count) for key, text, count in names]
    body = rx.match(
        S.tab, ("days", _days()), ("entries", entry_table(H.latest, _("Newest entries"))),
        ("suspects", _suspects()), _accounts(),
    )  # fmt: skip
    return el.section(
        el.h2(_("Books"), class_name="sr"),
        views(_("Parts of the ledger"), *tabs),
        rx.cond(S.ready, body, loading(5)),
        class_name="panel",
    )


def _touched() -> rx.Component:
    heads = [th(_("Account")), th(_("Debit"), "r"), th(_("Credit"), "r"), th(_("Left there"), "r")]
    rows = rx.foreach(
        F.touched,
        lambda t: el.tr(
            el.td(el.div(el.span(t.name), account_link(t.code), class_name="col g0")),
            amount_td(t.debit), amount_td(t.credit), amount_td(t.left), key=t.code,
        ),
    )  # fmt: skip
    body = el.section(
        el.h3(_("Accounts that it touched"), class_name="f13 w6 panel-b"),
        table(_("Accounts that it touched"), heads, rows, dense=True),
    )
    return rx.cond(F.touched.length() > 0, body, rx.fragment())


def _part(part: rx.Var) -> rx.Component:
    return el.section(
        el.div(
            el.h3(part.title, class_name="f13 w6"),
            rx.cond(part.note != "", el.p(part.note, class_name="f13 mut"), rx.fragment()),
            class_name="col g4 panel-b",
        ),
        rx.cond(part["entries"].length() > 0, entry_table(part["entries"], part.title), rx.fragment()),
        key=part.key,
    )


def _found() -> rx.Component:
    sums = el.span(_("These entries sum to {sum}", sum=F.sum), class_name="f13 mut")
    statement = el.span(
        _("Its statement, with the balance after every entry:"), " ", account_link(F.account), class_name="f13"
    )
    lead = rx.cond(F.account != "", statement, sums)
    more = rx.cond(F.more != "", el.span(F.more, class_name="f13 mut"), rx.fragment())
    return rx.fragment(
        el.div(lead, refs(F.refs), more, class_name="row g16 wrap panel-b"),
        entry_table(F["entries"], _("Trace")),
        _touched(),
        rx.foreach(F.parts, _part),
    )  # fmt: skip


def _trace() -> rx.Component:
    field = search_box(
        "trace-q",
        _("Trace a number"),
        S.search.debounce(250),
        placeholder=_("Order, payment, refund, entry or account"),
        default_value=S.q,
        slash=True,
    )
    nothing = el.p(_("Nothing was found for {q}.", q=S.q), class_name="mut f13 panel-b")
    is_here = (F["entries"].length() > 0) | (F.parts.length() > 0)
    missing = rx.cond((S.q != "") & (F.query == S.q), nothing, rx.fragment())
    return panel(
        _("Trace an amount"),
        el.div(field, class_name="fl fl-wide", key=S.asked),
        rx.cond(is_here, _found(), missing),
    )


def view() -> rx.Component:
    """The page."""
    head = page_head(_("Ledger"), _("Double entry, append-only, checked by the database at every commit"))
    overlays = rx.cond(S.may_close, _close(), rx.fragment())
    return frame(head, _verdict(), _trace(), _tabs(), active="ledger", state=S, overlays=overlays)


PAGE = Page(
    "/operator/ledger/", view, N_("Ledger"), [OperatorShellState.watch, S.watch],
    description=N_("The books, their sum, and the trace of every amount."),
)  # fmt: skip
