"""`/operator/dispatch/policy/`: what the dispatch weighs, tried on real decisions before it is adopted; every version kept."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import btn, chip, el, icon, link
from servicehub.components.layout import note, opens, panel
from servicehub.components.operator import abtn, columns, page_head
from servicehub.components.tables import table, th
from servicehub.pages.operator.frame import frame, order_link, reason_dialog, waiting_panel
from servicehub.pages.page import Page
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.policy import DAYS, PolicyState
from servicehub.texts import N_, _

S = PolicyState
P = PolicyState.page
PLAYED = PolicyState.played


def _number(
    name: rx.Var | str, label: rx.Var | str, hint: rx.Var | str, value: rx.Var, most: str, step: str
) -> rx.Component:
    field = rx.Var.create("p-") + name
    box = el.input(
        id=field, name=name, type="number", min="0", max=most, step=step, default_value=value, required=True,
        disabled=~S.may_write, class_name="inp num short",
    )  # fmt: skip
    words = el.div(
        el.label(label, html_for=field, class_name="w5"), el.span(hint, class_name="f12 mut"), class_name="col g0 grow"
    )
    return el.div(words, box, class_name="row g12 term")


def _term(t: rx.Var) -> rx.Component:
    usual = rx.cond(P.service == "", _("Default {n}", n=t.was), _("All services: {n}", n=t.was))
    hint = rx.Var.create("") + t.meaning + " · " + usual
    return el.li(_number(rx.Var.create("w-") + t.name, t.title, hint, t.value, "5", "0.1"), key=t.name)


def _form() -> rx.Component:
    times = el.div(
        _number(
            "commit_hours", _("Firm before the visit"),
            _("Hours. Earlier the technician is only planned and may still change."), P.commit_hours, "168", "0.5",
        ),
        _number(
            "moved_cost_min", _("Gain before moving"),
            _("Minutes that moving a planned visit to somebody else must gain."), P.moved_cost_min, "120", "1",
        ),
        _number(
            "claim_seconds", _("Claims collected for"),
            _("Seconds. Of all who claim an order of the hall the best one gets it; 0: the first one."), P.claim_seconds, "30", "1",
        ),
        _number(
            "fair_floor_pct", _("Fairness floor"),
            _("Percent of the median income per available hour; below it fair share counts twice."), P.fair_floor_pct, "100", "1",
        ),
        _number(
            "repair_minutes", _("Handed over when late"),
            _("Minutes. An accepted visit expected so late is offered to somebody who is in time; 0: only by hand."),
            P.repair_minutes, "240", "5",
        ),
        class_name="col g12",
    )  # fmt: skip
    stale = rx.cond(
        S.newest != P.version,
        el.div(
            note(_("Version {n} was adopted meanwhile.", n=S.newest), "warn"),
            abtn("refresh-cw", _("Show it"), on_click=S.load(-1)),
            class_name="row g8 wrap",
        ),
        rx.fragment(),
    )
    buttons = rx.cond(
        S.may_write,
        el.div(btn(_("Try on the last decisions"), kind="p", type="submit"), class_name="row g12 wrap"),
        note(_("Your role may look but not change."), "info"),
    )
    chips = rx.foreach(
        P.services,
        lambda s: chip(
            rx.cond(s.has_own, s.text + " •", s.text),
            P.service == s.value,
            on_click=S.choose_service(s.value),
            key=s.value,
        ),
    )
    form = el.form(
        stale,
        el.div(chips, class_name="row g6 wrap", role="group", aria_label=_("Service")),
        el.ul(rx.foreach(P.terms, _term), class_name="col g12 terms"),
        rx.cond(P.service == "", rx.fragment(el.div(class_name="hr"), times), rx.fragment()),
        buttons,
        on_submit=S.attempt,
        id="policy-form",
        key=S.form_key,
        class_name="col g16 panel-b",
    )
    return panel(_("Weights"), form, note=el.span(_("Version {n}", n=P.version)))


def _tried() -> rx.Component:
    def one(r: rx.Var) -> rx.Component:
        return el.li(
            order_link(r.no), el.span(r.before, " → ", el.b(r.after), class_name="f13 grow"), el.span(r.way, class_name="num f12"),
            class_name="row g8 wrap", key=r.no,
        )  # fmt: skip

    adopt = rx.cond(
        S.may_write,
        el.div(
            btn(_("Adopt as version {n}", n=P.version + 1), kind="p", type="button", **opens("act-adopt")),
            class_name="row",
        ),
        rx.fragment(),
    )
    result = el.div(
        el.p(S.tried.summary, class_name="w5 f14"),
        rx.cond(S.tried.way != "", el.p(S.tried.way, class_name="f13 mut"), rx.fragment()),
        el.ul(rx.foreach(S.tried.rows, one), class_name="col g4"),
        adopt,
        class_name="col g12 panel-b",
        role="status",
    )
    nothing = el.p(
        _("Change weights and try them: nothing is adopted before you say so."), class_name="mut f13 panel-b"
    )
    return panel(_("What would change"), rx.cond(S.tried.summary != "", result, nothing))


def _played() -> rx.Component:
    """The tried weights on the city's own past days: the real matching, with windows, answers and re-planning."""
    is_open = (PLAYED.state == "queued") | (PLAYED.state == "running")
    days = el.label(
        el.span(_("Past days"), class_name="f13"),
        el.select(
            *[el.option(str(n), value=str(n)) for n in DAYS],
            value=S.days.to(str), on_change=S.choose_days, class_name="inp short", aria_label=_("Past days"),
        ),
        class_name="row g8",
    )  # fmt: skip
    start = btn(
        _("Play the tried weights"), kind="o", type="button", on_click=S.rehearse, disabled=S.tried.summary == ""
    )
    going = el.div(
        el.progress(value=PLAYED.share, max=100, aria_label=_("Progress"), class_name="grow"),
        abtn("x", _("Stop"), on_click=S.end_rehearsal),
        class_name="row g8",
    )

    def one(r: rx.Var) -> rx.Component:
        tone = rx.match(r.tone, ("better", "num c-ok"), ("worse", "num c-bad"), "num mut")
        return el.tr(
            el.th(r.name, scope="row", class_name="f13"),
            *[el.td(value, class_name="num r") for value in (r.now, r.tried, r.nearest)],
            el.td(el.span(r.change, class_name=tone), class_name="r"),
            key=r.name,
        )

    heads = [
        th(_("Mean of a day")),
        th(_("In force"), "r"),
        th(_("Tried"), "r"),
        th(_("Nearest"), "r"),
        th(_("Change"), "r"),
    ]
    figures = table(_("Past days under other weights"), heads, rx.foreach(PLAYED.rows, one), dense=True)
    tools = rx.cond(
        S.may_write,
        el.div(rx.cond(is_open, going, el.div(days, start, class_name="row g12 wrap")), class_name="col g8"),
        rx.fragment(),
    )
    body = el.div(
        el.p(
            _("The same orders, shifts and answers go through the real matching under both policies."),
            class_name="f13 mut",
        ),
        tools,
        rx.cond(PLAYED.text != "", el.p(PLAYED.text, class_name="f13 w5", role="status"), rx.fragment()),
        class_name="col g12 panel-b",
    )
    return panel(_("Past days played again"), body, rx.cond(PLAYED.rows.length() > 0, figures, rx.fragment()))


def _learned() -> rx.Component:
    def one(r: rx.Var) -> rx.Component:
        tone = rx.match(r.tone, ("up", "num c-ok"), ("down", "num c-bad"), "num mut")
        points = el.span(r.points, " ", _("points"), class_name=tone)
        return el.li(el.span(r.text, class_name="f13 grow"), points, class_name="row g8", key=r.text)

    known = el.div(
        el.p(_("How the chance of a yes changes for somebody who accepts four offers of five."), class_name="f13 mut"),
        el.ul(rx.foreach(P.learned, one), class_name="col g8"),
        class_name="col g12 panel-b",
    )
    nothing = el.p(
        _("Too few answers to learn from yet. Until then each technician's own share of accepted offers counts."),
        class_name="mut f13 panel-b",
    )
    return panel(_("Learned from answers"), rx.cond(P.learned_from != "", known, nothing), note=P.learned_from)


def _roads() -> rx.Component:
    return panel(_("Travel times"), el.p(P.roads, class_name="f13 ink2 panel-b"))


def _versions() -> rx.Component:
    def one(v: rx.Var) -> rx.Component:
        again = rx.cond(
            v.is_now,
            el.span(_("In force"), class_name="tag tag-g"),
            rx.cond(S.may_write, abtn("undo-2", _("Build on it"), on_click=S.load(v.version)), rx.fragment()),
        )
        head = el.div(
            el.div(
                el.span(_("Version {n}", n=v.version), class_name="w6 f14"),
                el.span(el.span(v.when, class_name="num"), " · ", v.who, class_name="f12 mut"),
                class_name="col g0 grow",
            ),
            again,
            class_name="row g8",
        )
        return el.article(
            head,
            el.p(v.note, class_name="f13"),
            el.p(v.changes, class_name="f12 mut"),
            class_name="col g4 panel-b",
            key=v.version,
        )

    first = el.div(
        el.div(el.span(_("Defaults"), class_name="w6 f14"), class_name="grow"),
        rx.cond(
            P.version == 0,
            el.span(_("In force"), class_name="tag tag-g"),
            rx.cond(S.may_write, abtn("undo-2", _("Build on it"), on_click=S.load(0)), rx.fragment()),
        ),
        class_name="row g8 panel-b",
    )
    return panel(_("Versions"), rx.foreach(P.versions, one), first)


def view() -> rx.Component:
    """The page."""
    back = link(icon("chevron-left", "s"), _("Dispatch board"), to="/operator/dispatch/", cls="abtn")
    fair = link(icon("scale", "s"), _("Fairness"), to="/operator/dispatch/fairness/", cls="abtn")
    tools = el.div(back, fair, class_name="row g8 wrap")
    head = page_head(
        _("Dispatch policy"), _("What the platform weighs when it chooses a technician, in seconds"), tools
    )
    dialog = reason_dialog(
        "act-adopt", _("Adopt this policy"), _("It decides from now on. Earlier versions stay and can be built on."),
        _("Adopt"), S.adopt, danger=False,
    )  # fmt: skip
    body = columns(_form(), el.div(_tried(), _learned(), _roads(), _versions(), class_name="col g16"), kind="2")
    shown = el.div(body, _played(), class_name="col g16")
    return frame(head, rx.cond(S.ready, shown, waiting_panel()), active="dispatch", state=S, overlays=dialog)


PAGE = Page(
    "/operator/dispatch/policy/", view, N_("Dispatch policy"), [OperatorShellState.watch, S.watch],
    description=N_("Weights of the dispatch with versions, tried on the last decisions."),
)  # fmt: skip
