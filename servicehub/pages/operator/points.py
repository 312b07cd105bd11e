"""The rules of customers' points: a panel beside the commission rules, and the dialog in which the next version is adopted."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import el
from servicehub.components.forms import text_input
from servicehub.components.layout import panel
from servicehub.pages.operator.frame import act, reason_dialog
from servicehub.state.operator.points import PointsRulesState as S
from servicehub.texts import _

P = S.shown


def rules() -> rx.Component:
    """What is in force."""

    def fact(name: str, value: rx.Var) -> rx.Component:
        return el.div(el.dt(name), el.dd(value, class_name="num"))

    facts = el.dl(
        fact(_("Points for each yuan paid"), P.per_yuan),
        fact(_("Most of an order that points pay, %"), P.most),
        fact(_("Fewest points used at once"), P.least),
        fact(_("Months until they expire"), P.months),
        class_name="facts",
    )
    about = el.p(
        _("One point pays ¥0.01. Points are a cost of the platform, never cash."), class_name="f12 mut panel-b"
    )
    change = rx.cond(P.may_write, act("sliders-horizontal", _("Change points"), "points"), rx.fragment())
    version = rx.cond(P.version > 0, _("Version {n}", n=P.version), _("Defaults"))
    return panel(_("Points"), facts, about, note=el.span(version), tail=change)


def dialog() -> rx.Component:
    """The next version."""

    def number(name: str, label: str, value: rx.Var, pattern: str = "[0-9]{1,6}") -> rx.Component:
        return text_input(
            f"points-{name}",
            label,
            name=name,
            default_value=value,
            input_mode="decimal",
            pattern=pattern,
            required=True,
        )

    fields = el.div(
        number("per_yuan", _("Points for each yuan paid"), P.per_yuan),
        number("most_bp", _("Most of an order that points pay, %"), P.most, r"[0-9]{1,3}(\.[0-9]{1,2})?"),
        number("least", _("Fewest points used at once"), P.least),
        number("months", _("Months until they expire"), P.months),
        key=P.version.to(str),
        class_name="pair",
    )
    form = reason_dialog(
        "points",
        _("Rules of points"),
        _("They hold for points that are earned or used from now on. What was earned keeps its day of expiry."),
        _("Adopt"),
        S.adopt,
        fields,
        danger=False,
    )
    return rx.cond(P.may_write, form, rx.fragment())
