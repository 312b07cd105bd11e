"""`/operator/commission/`: who keeps how much of a price, as rules with versions, a draft, and an example calculator."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import attrs, btn, cx, el
from servicehub.components.layout import empty, note, opens, panel
from servicehub.components.operator import abtn, columns, page_head
from servicehub.components.tables import table, th
from servicehub.pages.operator import points
from servicehub.pages.operator.commission_forms import calculator, rule_dialog, standard_dialog
from servicehub.pages.operator.frame import frame, reason_dialog, waiting_panel
from servicehub.pages.page import Page
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.commission import CommissionState
from servicehub.state.operator.points import PointsRulesState
from servicehub.texts import N_, _

S = CommissionState
P = CommissionState.page


def _rule(r: rx.Var) -> rx.Component:
    mark = rx.match(r.mark, ("new", "tag tag-g"), ("removed", "tag tag-r"), "tag tag-w")
    acts = rx.cond(
        r.mark == "removed",
        el.div(abtn("undo-2", _("Put back"), on_click=S.restore(r.id)), class_name="row end"),
        el.div(
            abtn("pencil", _("Edit"), on_click=S.choose(r.id), **attrs(data_open="rule")),
            abtn("trash-2", _("Remove"), cls="abtn-d", on_click=S.remove(r.id)),
            class_name="row g6 end wrap",
        ),
    )
    return el.tr(
        el.td(
            el.div(
                el.div(
                    el.span(r.conditions, class_name="w5"),
                    rx.cond(r.mark != "", el.span(r.mark_text, class_name=mark), rx.fragment()),
                    class_name="row g8 wrap",
                ),
                el.span(r.tier, " · ", el.span(r.id, class_name="num f12"), class_name="f12 mut"),
                class_name="col g0",
            ),
            class_name="wraps",
        ),
        el.td(el.span(r.rate, class_name="num"), class_name="wraps"),
        el.td(acts),
        key=r.id,
    )


def _rules() -> rx.Component:
    heads = [th(_("For whom")), th(_("Commission")), th("")]
    nothing = rx.cond(
        P.rules.length() == 0,
        empty(_("No rules yet"), _("The standard rate of each level holds for every order.")),
        rx.fragment(),
    )
    add = abtn("plus", _("Add a rule"), primary=True, on_click=S.choose(""), **attrs(data_open="rule"))
    return panel(
        _("Rules"),
        table(_("Rules"), heads, rx.foreach(P.rules, _rule), empty=nothing),
        note=el.span(_("Version {n}", n=P.version)),
        tail=add,
    )


def _standard() -> rx.Component:
    def level(r: rx.Var) -> rx.Component:
        was = rx.cond(r.was != "", el.span(r.was, " → ", class_name="mut"), rx.fragment())
        return el.div(
            el.dt(r.text), el.dd(was, el.span(r.rate, class_name=rx.cond(r.was != "", "num w6", "num"))), key=r.level
        )

    was = rx.cond(P.tax_was != "", el.span(P.tax_was, " → ", class_name="mut"), rx.fragment())
    tax = el.div(el.dt(_("Income tax")), el.dd(was, P.tax))
    change = abtn("sliders-horizontal", _("Change rates"), **attrs(data_open="standard"))
    return panel(_("Standard rates and tax"), el.dl(rx.foreach(P.levels, level), tax, class_name="facts"), tail=change)


def _precedence() -> rx.Component:
    order = [
        _("A promotion: a rule with dates, by the day of the visit"),
        _("A rule for one technician"),
        _("A rule for a category; with a level it comes before one without"),
        _("A rule for a level"),
        _("The standard rate of the level"),
    ]
    body = el.div(
        el.ol(*[el.li(text) for text in order], class_name="ranks f13"),
        el.p(
            _("Exactly one applies: the first one of this list. Two rules for the same on a common day are refused."),
            class_name="f12 mut",
        ),
        el.p(
            _(
                "An order keeps the rules of the version in which it was made, and what its technician was shown when accepting."
            ),
            class_name="f12 mut",
        ),
        class_name="col g8 panel-b",
    )
    return panel(_("Which rule wins"), body)


def _draft() -> rx.Component:
    stale = rx.cond(
        S.base != P.version,
        note(_("Version {n} was adopted meanwhile. Discard the draft to build on it.", n=P.version), "warn"),
        rx.fragment(),
    )
    adopt = rx.cond(
        S.may_write,
        btn(_("Adopt as version {n}", n=S.base + 1), kind="p", **opens("adopt")),
        note(_("Your role may try rules; an administrator adopts them."), "info"),
    )
    changed = el.div(
        stale,
        el.ul(rx.foreach(P.changes, lambda text: el.li(text, key=text)), class_name="col g4 f13 terms", role="status"),
        el.div(adopt, abtn("undo-2", _("Discard the draft"), on_click=S.discard), class_name="row g8 wrap"),
        class_name="col g12 panel-b",
    )
    nothing = el.p(
        _("Nothing is changed. Add, edit or remove rules: they are tried here first."), class_name="mut f13 panel-b"
    )
    return panel(_("Draft"), rx.cond(P.changes.length() > 0, changed, nothing))


def _example() -> rx.Component:
    def line(r: rx.Var) -> rx.Component:
        strong = rx.cond(r.strong, "num w6", "num")
        return el.tr(
            el.td(r.name, class_name=rx.cond(r.strong, "w6", "")),
            el.td(r.amount, class_name="num r"),
            el.td(r.rate, class_name="num r mut hide-m"),
            el.td(el.span(r.now, class_name=strong), class_name="r"),
            el.td(r.tried_rate, class_name="num r mut hide-m"),
            el.td(el.span(r.tried, class_name=cx(strong, rx.cond(r.differs, "brand", ""))), class_name="r"),
            key=r.name,
        )

    def verdict(v: rx.Var) -> rx.Component:
        def said(text: rx.Var, wins: rx.Var) -> rx.Component:
            return el.td(el.span(text, class_name=rx.cond(wins, "tag tag-g", "f12 mut")))

        return el.tr(
            el.td(
                el.div(
                    el.span(v.conditions, class_name="w5"), el.span(v.tier, class_name="f12 mut"), class_name="col g0"
                ),
                class_name="wraps",
            ),
            el.td(v.rate, class_name="num hide-m"),
            said(v.now, v.wins_now),
            said(v.tried, v.wins_tried),
            key=v.id,
        )

    rate = th(_("Rate"), "r hide-m")
    heads = [th(_("Line")), th(_("Amount"), "r"), rate, th(_("In force"), "r"), rate, th(_("Draft"), "r")]
    lines = table(_("The division"), heads, rx.foreach(S.shown.rows, line), dense=True)
    why = table(
        _("Which rule wins, and why the others do not"),
        [th(_("Rule")), th(_("Commission"), "hide-m"), th(_("In force")), th(_("Draft"))],
        rx.foreach(S.shown.verdicts, verdict),
        dense=True,
    )
    result = rx.cond(S.shown.rows.length() > 0, rx.fragment(lines, why), rx.fragment())
    return panel(_("Example"), calculator(), result, note=S.shown.case)


def _versions() -> rx.Component:
    def one(v: rx.Var) -> rx.Component:
        head = el.div(
            el.div(
                el.span(_("Version {n}", n=v.version), class_name="w6 f14"),
                el.span(
                    el.span(v.when, class_name="num"), rx.cond(v.who != "", " · " + v.who, ""), class_name="f12 mut"
                ),
                class_name="col g0 grow",
            ),
            rx.cond(v.is_now, el.span(_("In force"), class_name="tag tag-g"), rx.fragment()),
            class_name="row g8",
        )
        return el.article(
            head, el.p(v.note, class_name="f13"), el.p(v.changes, class_name="f12 mut"), class_name="col g4 panel-b", key=v.version
        )  # fmt: skip

    return panel(_("Versions"), rx.foreach(P.versions, one))


def view() -> rx.Component:
    """The page."""
    head = page_head(_("Commission rules"), _("What the platform keeps of a price, and the tax that it withholds"))
    changes = el.ul(rx.foreach(P.changes, lambda text: el.li(text, key=text)), class_name="col g4 f13 terms")
    adopt = reason_dialog(
        "adopt", _("Adopt these rules"), _("They hold for orders made from now on. Orders that exist keep theirs."),
        _("Adopt"), S.adopt, changes, danger=False,
    )  # fmt: skip
    left = el.div(_rules(), _example(), class_name="col g16")
    right = el.div(_draft(), _standard(), points.rules(), _precedence(), _versions(), class_name="col g16")
    return frame(
        head,
        rx.cond(S.ready, columns(left, right, kind="2"), waiting_panel()),
        active="commission",
        state=S,
        overlays=rx.fragment(rule_dialog(), standard_dialog(), adopt, points.dialog()),
    )


PAGE = Page(
    "/operator/commission/", view, N_("Commission rules"), [OperatorShellState.watch, S.watch, PointsRulesState.watch],
    description=N_("Commission rules by category, level, technician and promotion, with versions and an example calculator."),
)  # fmt: skip
