"""The dialog that gives money back, with everything that it would do."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import el, seg
from servicehub.components.forms import check_option, group
from servicehub.components.layout import note
from servicehub.components.operator import abtn
from servicehub.components.order import price_line
from servicehub.pages.operator.frame import amount_field, reason_dialog
from servicehub.state.operator.refund import RefundState as S
from servicehub.texts import _


def refund_button() -> rx.Component:
    """Opens the dialog, which reads what may go back."""
    return abtn("undo-2", _("Refund"), on_click=S.begin, custom_attrs={"data-open": "act-refund"})


def _rows(title: str, rows: Any) -> rx.Component:
    return el.div(
        el.h3(title, class_name="f13 w6"),
        rx.foreach(
            rows,
            lambda row: el.div(price_line(row.name, row.amount), key=row.name),
        ),
        class_name="col g4",
    )


def _preview() -> rx.Component:
    plan = S.shown
    sums = el.p(_("{back} goes back, {kept} stays paid.", back=plan.amount, kept=plan.kept), class_name="f14 w6")
    told = el.div(
        sums,
        _rows(_("Goes back to"), plan.targets),
        _rows(_("Comes from"), plan.sources),
        rx.cond(plan.note != "", el.p(plan.note, class_name="f12 mut"), rx.fragment()),
        class_name="col g8",
    )
    nothing = rx.cond(S.why_not != "", note(S.why_not, "warn", "circle-alert"), rx.fragment())
    return el.output(rx.cond(plan.digest != "", told, nothing), aria_live="polite", class_name="col")


def refund_dialog() -> rx.Component:
    """By amount or by line."""
    ways = seg(
        [
            (_("By amount"), ~S.by_line, S.choose("amount")),
            (_("By line"), S.by_line, S.choose("line")),
        ],
        _("What goes back"),
    )
    lines = group(
        _("Lines of the price"),
        rx.foreach(
            S.form.lines,
            lambda row: rx.cond(
                row.may,
                check_option(
                    "line", row.id, row.name, tail=el.span(row.left, class_name="num"), on_toggle=S.pick(row.id)
                ),
                el.p(row.name, " · ", _("nothing left to refund"), class_name="f13 mut"),
            ),
        ),
        role="group",
    )
    amount = amount_field("refund-amount", _("Amount to refund, ¥"), required=True, on_change=S.typed.debounce(200))
    return reason_dialog(
        "act-refund", _("Refund"), _("At most {amount} can go back: money first, then balance, then points.", amount=S.form.most),
        _("Refund"), S.submit, ways, el.div(rx.cond(S.by_line, lines, amount), key="refund-" + S.seq.to(str)), _preview(),
    )  # fmt: skip
