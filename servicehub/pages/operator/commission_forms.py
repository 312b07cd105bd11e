"""Forms of the commission rules' page: one rule, the standard rates with the tax, and the example."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import attrs, btn, el
from servicehub.components.forms import date_input, option, select, text_input
from servicehub.components.layout import modal
from servicehub.domain.commission import RATES
from servicehub.state.operator.commission import CommissionState
from servicehub.texts import _
from servicehub.texts.commission import LEVELS

S = CommissionState
F = CommissionState.form
P = CommissionState.page
PERCENT = r"[0-9]{1,3}(\.[0-9]{1,2})?"
YUAN = r"[0-9]{1,6}(\.[0-9]{1,2})?"


def _number(id: str, name: str, label: str, value: Any, pattern: str, **props: Any) -> rx.Component:
    return text_input(
        id, label, name=name, default_value=value, input_mode="decimal", pattern=pattern, auto_complete="off", **props
    )


def _categories(first: str | None) -> rx.Component:
    """Every category, after `first` for none."""
    rest = rx.foreach(P.categories, lambda one: option(one.value, one.text, key=one.value))
    return rx.fragment(option("", first), rest) if first is not None else rx.fragment(rest)


def _levels(first: str | None) -> list[tuple[str, str]]:
    return ([("", first)] if first is not None else []) + [(level, _(LEVELS[level])) for level in RATES]


def _buttons(action: str) -> rx.Component:
    return el.div(
        btn(_("Cancel"), kind="o", cls="grow", **attrs(data_close="")),
        btn(action, cls="grow", type="submit"),
        class_name="row g12",
    )


def rule_dialog() -> rx.Component:
    """A rule: its conditions and its rates."""
    conditions = el.div(
        select(
            "rule-category", _("Category"), _categories(_("Every category")), name="category", default_value=F.category
        ),
        select("rule-level", _("Level"), _levels(_("Every level")), name="level", default_value=F.level),
        date_input("rule-from", _("First day"), name="from_on", default_value=F.from_on),
        date_input("rule-until", _("Last day"), name="until_on", default_value=F.until_on),
        class_name="pair",
    )
    rates = el.div(
        _number("rule-rate", "rate", _("Rate, %"), F.rate, PERCENT, required=True),
        _number("rule-add-on", "add_on", _("Add-ons, %"), F.add_on, PERCENT, placeholder=_("As the rate")),
        _number("rule-surcharge", "surcharge", _("Surcharges, %"), F.surcharge, PERCENT, placeholder=_("As the rate")),
        class_name="pair",
    )
    amounts = el.div(
        _number("rule-fixed", "fixed", _("Fixed part, ¥ a job"), F.fixed, YUAN, placeholder=_("None")),
        _number("rule-least", "least", _("At least, ¥ a job"), F.least, YUAN, placeholder=_("No limit")),
        _number("rule-most", "most", _("At most, ¥ a job"), F.most, YUAN, placeholder=_("No limit")),
        class_name="pair",
    )
    form = el.form(
        text_input("rule-name", _("Name"), name="name", default_value=F.name, max_length=24, optional=True),
        conditions,
        text_input(
            "rule-technician", _("Technician"), name="technician", default_value=F.technician, optional=True,
            max_length=40, hint=_("Number or full name; empty: every technician."),
        ),
        rates,
        amounts,
        el.p(_("Surcharges are night, holiday and rush fees. Travel and tips are the technician's whole."), class_name="f12 mut"),
        _buttons(_("Into the draft")),
        on_submit=S.save,
        id="rule-form",
        key=S.form_key.to(str),
        class_name="col g12",
    )  # fmt: skip
    return modal("rule", _("Commission rule"), form)


def standard_dialog() -> rx.Component:
    """The standard rates by level, and the tax."""
    levels = el.div(
        rx.foreach(
            P.levels,
            lambda r: el.div(
                el.label(_("{level}, %", level=r.text), html_for="standard-" + r.level),
                el.input(
                    id="standard-" + r.level, name="rate-" + r.level, default_value=r.percent, input_mode="decimal",
                    pattern=PERCENT, required=True, auto_complete="off", class_name="inp num",
                ),
                class_name="fld",
                key=r.level,
            ),
        ),
        class_name="pair",
    )  # fmt: skip
    tax = el.div(
        _number("standard-tax", "tax", _("Income tax, %"), P.tax_percent, PERCENT, required=True),
        _number("standard-tax-from", "tax_from", _("Of what is above, ¥ a job"), P.tax_from, YUAN, required=True),
        class_name="pair",
    )
    form = el.form(
        levels,
        tax,
        el.p(_("Withheld from what a technician gets for a job; 0 % withholds nothing."), class_name="f12 mut"),
        _buttons(_("Into the draft")),
        on_submit=S.set_standard,
        id="standard-form",
        key=S.form_key.to(str),
        class_name="col g12",
    )
    return modal("standard", _("Standard rates and tax"), form)


def calculator() -> rx.Component:
    """What the example is about."""
    asked = S.inputs

    def money(name: str, label: str) -> rx.Component:
        return _number(f"example-{name}", name, label, asked[name], YUAN)

    fields = el.div(
        select("example-category", _("Category"), _categories(None), name="category", default_value=asked["category"]),
        select("example-level", _("Level"), _levels(None), name="level", default_value=asked["level"]),
        text_input(
            "example-technician", _("Technician"), name="technician", default_value=asked["technician"], max_length=40,
            placeholder=_("Anybody"),
        ),
        date_input("example-on", _("Day of the visit"), name="on", default_value=asked["on"]),
        money("service", _("Service, ¥")),
        money("add_on", _("Add-ons, ¥")),
        money("night", _("Surcharges, ¥")),
        money("travel", _("Travel, ¥")),
        money("coupon", _("Coupon, ¥")),
        _number("example-platform", "platform", _("Platform's share of it, %"), asked["platform"], PERCENT),
        class_name="asks",
    )  # fmt: skip
    return el.form(
        fields,
        el.div(btn(_("Calculate"), kind="t", size="s", type="submit"), class_name="row"),
        on_submit=S.calculate,
        id="example-form",
        key="example-" + S.ready.to(str),
        class_name="col g12 panel-b",
    )
