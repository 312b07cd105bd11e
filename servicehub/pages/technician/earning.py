"""One earning: what the customer pays, how it is divided, and the ledger entries that moved it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import addressed, card, col, el, lbtn, money, row
from servicehub.components.layout import navbar, section
from servicehub.components.order import price_line
from servicehub.components.technician import technician_shell
from servicehub.pages.page import Page
from servicehub.pages.technician.parts import nothing, until_ready
from servicehub.state.technician.income import EarningState as S
from servicehub.texts import N_, _


def _head() -> rx.Component:
    words = col(
        el.h2(S.earning.title, class_name="f16 w6"), el.span(S.earning.when, class_name="f13 mut"), cls="g2 grow"
    )
    net = col(money(S.earning.net, "f24 c-price"), el.span(S.earning.state_label, class_name="f12 mut"), cls="g2 ends")
    return card(row(words, net, cls="g12 top"))


def _line(line: Any) -> rx.Component:
    return el.div(price_line(line.label, line.amount, note=line.note), key=line.label + line.amount)


def _entry(entry: Any) -> rx.Component:
    def posting(line: Any) -> rx.Component:
        return el.li(
            el.span(line.name, class_name="grow f12 ink2"),
            el.span(rx.cond(line.debit != "", line.debit, ""), class_name="num f12 r"),
            el.span(rx.cond(line.credit != "", line.credit, ""), class_name="num f12 r"),
            key=line.account,
        )

    head = row(el.h3(entry.title, class_name="f14 w6 grow"), money(entry.amount, "f14"), cls="g8")
    tail = el.span("#", entry.id.to(str), " · ", entry.at, class_name="f12 mut num")
    return el.li(
        head,
        tail,
        el.ul(rx.foreach(entry.lines, posting), class_name="postings"),
        class_name="card-p col g4",
        key=entry.id.to(str),
    )


def view() -> rx.Component:
    """The page."""
    rule = row(el.span(_("Rule"), class_name="mut"), el.span(S.earning.rule, class_name="end num r"), cls="f12 top")
    batch = row(
        el.span(_("Available with the batch"), class_name="mut"),
        el.span(S.earning.batch, class_name="end num r"),
        cls="f12 top",
    )
    available = rx.cond(S.earning.batch != "", batch, rx.fragment())
    columns = row(
        el.span(class_name="grow"),
        el.span(_("Debit"), class_name="r"),
        el.span(_("Credit"), class_name="r"),
        cls="f11 mut card-p postings-h",
    )
    found = rx.fragment(
        el.div(_head(), class_name="stack"),
        section(_("What the customer pays"), el.div(card(rx.foreach(S.earning.price, _line)), class_name="side-12")),
        section(
            _("How it is divided"),
            el.div(card(rx.foreach(S.earning.split, _line), rule, available), class_name="side-12"),
        ),
        section(
            _("Ledger entries"),
            el.div(
                el.div(columns, el.ol(rx.foreach(S.earning["entries"], _entry)), class_name="card"),
                class_name="side-12",
            ),
        ),
        el.div(
            lbtn(_("Open job"), to="/technician/job/" + S.earning.no + "/", kind="o", block=True), class_name="stack"
        ),
    )
    none = el.div(
        nothing(_("Nothing booked yet"), _("This job is not settled, or it is not yours.")), class_name="stack"
    )
    return technician_shell(
        until_ready(S.ready & addressed(S.earning.no), rx.cond(S.earning.no != "", found, none)),
        header=navbar(_("Earning"), "/technician/income/"),
    )


PAGE = Page("/technician/income/[order_no]", view, N_("Earning"), S.open)
