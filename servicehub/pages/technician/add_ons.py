"""Add-ons on a job's page: what was proposed, and the sheet in which a proposal is put together."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import btn, card, col, el, icon, money, row
from servicehub.components.forms import stepper
from servicehub.components.layout import note, sheet
from servicehub.state.technician.add_ons import AddOnState as S
from servicehub.state.technician.job import JobState
from servicehub.texts import _


def block() -> rx.Component:
    """Beside the work: every proposal with its state, and the way to the next one."""
    job = JobState.job
    ask = btn(icon("plus", "s"), _("Propose an add-on"), kind="o", block=True, on_click=S.begin, id="propose")
    shown = card(
        el.h2(_("Add-ons"), class_name="f16 w6"),
        rx.foreach(job.proposals, _proposal),
        rx.cond(job.may_propose & ~job.is_asking, ask, rx.fragment()),
        cls="col g12",
    )
    return rx.cond(job.may_propose | (job.proposals.length() > 0), shown, rx.fragment())


def _proposal(p: Any) -> rx.Component:
    back = btn(_("Take it back"), kind="g", size="s", on_click=S.withdraw(p.id))
    lines = rx.foreach(
        p.lines,
        lambda line: row(
            el.span(line.title, class_name="f15 w5 grow"),
            el.span(line.amount, class_name="num f14"),
            cls="g8",
            key=line.key,
        ),
    )
    yours = rx.cond(
        p.net != "",
        row(el.span(_("Take-home"), class_name="f12 mut grow"), money(p.net, "f16 c-price"), cls="g8"),
        rx.fragment(),
    )
    state = row(
        el.span(p.state, class_name=rx.Var.create("st st-") + p.tone),
        el.span(p.when, class_name="f12 mut grow"),
        rx.cond(p.net != "", back, rx.fragment()),
        cls="g8",
    )
    return col(lines, yours, state, cls="g4", key=p.id)


def _choice(line: Any) -> rx.Component:
    words = el.div(
        el.span(line.title, class_name="f15 w5"),
        el.span(line.price, rx.cond(line.minutes != "", " · ", ""), line.minutes, class_name="f12 mut"),
        class_name="col g2 grow",
    )
    less, more = S.pick(line.slug, line.count - 1), S.pick(line.slug, line.count + 1)
    return el.div(
        words,
        stepper(line.title, line.count, less, more, at_least=0, at_most=line.most),
        class_name="row",
        key=line.slug,
    )


def dialog() -> rx.Component:
    """What may be proposed, what it costs the customer, brings the technician, and does to his day."""
    d = S.draft
    warning = rx.cond(d.warning != "", note(d.warning, "warn", "triangle-alert"), rx.fragment())
    longer = rx.cond(d.longer != "", el.p(icon("clock", "s"), d.longer, class_name="row g6 f13 mut"), rx.fragment())
    sums = col(
        row(el.span(_("The customer pays"), class_name="f14 grow"), el.span(d.amount, class_name="num f16"), cls="g8"),
        row(el.span(_("Take-home"), class_name="f14 grow"), money(d.net, "f20 c-price"), cls="g8"),
        longer,
        warning,
        cls="g8",
    )
    body = el.div(
        el.p(_("The customer sees this on the phone and decides. Begin only after the yes."), class_name="f13 mut"),
        el.div(rx.foreach(d.choices, _choice), class_name="col g12", role="group", aria_label=_("Add-ons")),
        rx.cond(d.amount != "", rx.fragment(el.div(class_name="hr"), sums), rx.fragment()),
        class_name="col g12",
    )
    send = btn(
        _("Ask the customer"), size="l", block=True, disabled=d.amount == "", on_click=S.propose, id="propose-ok"
    )
    return sheet("addons", _("Propose an add-on"), body, footer=[send])
