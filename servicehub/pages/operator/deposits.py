"""Technicians' guarantee deposits, beside their withdrawals: the city's rules, and the wishes to have one back."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import attrs, avatar, btn, el, link
from servicehub.components.forms import text_input
from servicehub.components.layout import empty, modal, note, panel
from servicehub.components.operator import abtn
from servicehub.components.tables import table, th, two_lines
from servicehub.pages.operator.frame import act, loading, reason_dialog
from servicehub.state.operator.deposits import DepositsState as S
from servicehub.texts import _

D = S.shown
R = S.shown.rules


def rules() -> rx.Component:
    """What is in force, and how much is held."""

    def fact(name: str, value: Any) -> rx.Component:
        return el.div(el.dt(name), el.dd(value, class_name="num"))

    facts = el.dl(
        fact(_("Deposit asked for"), rx.cond(R.is_on, "¥" + R.target, _("None"))),
        fact(_("Share of each earning"), R.share + " %"),
        fact(_("Days after the last visit"), R.hold_days),
        fact(_("Held now"), D.held),
        fact(_("Technicians with a deposit"), D.people.to(str)),
        class_name="facts",
    )
    about = el.p(
        _("A deposit is the technician's money. Penalties and refunds draw on it before he owes anything."),
        class_name="f12 mut panel-b",
    )
    change = rx.cond(R.may_write, act("sliders-horizontal", _("Change rules"), "deposit-rules"), rx.fragment())
    version = rx.cond(R.version > 0, _("Version {n}", n=R.version), _("Defaults"))
    return panel(_("Rules of deposits"), facts, about, note=el.span(version), tail=change)


def _row(r: Any) -> rx.Component:
    to = rx.Var.create("/operator/technicians/") + r.technician_id.to(str) + "/"
    who = el.div(
        avatar(r.portrait, 36),
        el.div(link(r.name, to=to, cls="brand w6"), el.span(r.when, class_name="f12 mut"), class_name="col g0"),
        class_name="row g8",
    )
    owed = rx.cond(r.owed != "", _("{amount} of it repay a debt", amount=r.owed), "")
    amount = link(
        two_lines(r.amount, owed),
        to=rx.Var.create("/operator/ledger/?order=") + r.no,
        cls="brand",
        title=_("Its entries in the ledger"),
    )
    state = el.div(
        el.span(r.state_label, class_name=rx.cond(r.tone != "", "tag tag-" + r.tone, "tag")),
        el.span(r.note, class_name="f12 mut"),
        class_name="col g2 start",
    )
    give = abtn("", _("Give back"), primary=True, on_click=S.choose(r.no), **attrs(data_open="deposit-give"))
    decide = el.div(
        rx.cond(r.may_give, give, rx.fragment()),
        abtn("", _("Do not give back"), cls="abtn-d", on_click=S.choose(r.no), **attrs(data_open="deposit-refuse")),
        class_name="row g6 end",
    )
    return el.tr(
        el.td(who), el.td(amount, class_name="num r"), el.td(state), el.td(rx.cond(r.may_decide, decide, rx.fragment())),
        key=r.no,
    )  # fmt: skip


def wishes() -> rx.Component:
    """Who asks, what keeps it, and what became of the others."""
    heads = [th(_("Technician")), th(_("Deposit"), "r"), th(_("State")), th("")]
    calm = empty(_("No deposit is asked back"), _("Technicians ask for it on their money page."))
    rows = table(
        _("Deposits asked back"), heads, rx.foreach(D.rows, _row), empty=rx.cond(D.rows.length() == 0, calm, rx.fragment())
    )  # fmt: skip
    return panel(
        _("Deposits asked back"),
        rx.cond(S.ready, rows, loading(4)),
        note=el.span(rx.cond(D.waiting > 0, _("{n} wait", n=D.waiting), "")),
    )


def dialogs() -> rx.Component:
    """Giving back, refusing, and the next version of the rules."""
    words = el.p(S.chosen_name, " · ", el.span(S.chosen_amount, class_name="num"), class_name="f16 w6")
    owed = rx.cond(
        S.chosen_owed != "",
        note(_("{amount} of it repay what the technician owes.", amount=S.chosen_owed), "info"),
        rx.fragment(),
    )
    give = modal(
        "deposit-give",
        _("Give the deposit back"),
        el.div(
            words,
            owed,
            el.p(
                _("The whole deposit becomes available to the technician, who may withdraw it."), class_name="f14 ink2"
            ),
            el.div(
                btn(_("Keep"), kind="o", cls="grow", **attrs(data_close="")),
                btn(_("Give back"), cls="grow", on_click=S.give_back),
                class_name="row g12",
            ),
            class_name="col g16",
        ),
    )
    refuse = reason_dialog(
        "deposit-refuse",
        _("Keep the deposit"),
        _("The technician reads your reason and may ask again."),
        _("Do not give back"),
        S.refuse,
        words,
    )
    return rx.fragment(give, refuse, rx.cond(R.may_write, _rules_dialog(), rx.fragment()))


def _rules_dialog() -> rx.Component:
    def number(name: str, label: str, value: Any, pattern: str) -> rx.Component:
        return text_input(
            f"deposit-{name}",
            label,
            name=name,
            default_value=value,
            input_mode="decimal",
            pattern=pattern,
            required=True,
        )

    fields = el.div(
        number("target_fen", _("Deposit asked for, ¥ (0: none)"), R.target, r"[0-9]{1,6}(\.[0-9]{1,2})?"),
        number("share_bp", _("Share of each earning, %"), R.share, r"[0-9]{1,3}(\.[0-9]{1,2})?"),
        number("hold_days", _("Days after the last visit"), R.hold_days, "[0-9]{1,3}"),
        key=R.version.to(str),
        class_name="pair",
    )
    return reason_dialog(
        "deposit-rules",
        _("Rules of deposits"),
        _("They hold from now on. What is held stays; with 0 nothing more is put aside or drawn on."),
        _("Adopt"),
        S.adopt,
        fields,
        danger=False,
    )
