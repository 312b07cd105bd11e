"""`/operator/dispatch/`: who waits, who could go and why, where everybody is, and the day of each technician."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import attrs, avatar, el, icon, link
from servicehub.components.elements import drag_board, elapsed, live_map
from servicehub.components.layout import empty, map_pick, note, panel
from servicehub.components.operator import abtn, columns, page_head, queue_item
from servicehub.components.schedule import lane, lane_bar, lanes, lanes_now
from servicehub.pages.operator.frame import frame, order_link, reason_dialog
from servicehub.pages.operator.reasons import candidate_card
from servicehub.pages.page import Page
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.dispatch import DispatchState
from servicehub.texts import N_, _

S = DispatchState
SLOW_SHOWN = 10
"""Percent from which on slow roads are worth a word."""


def _head() -> rx.Component:
    sums = el.div(
        el.span(_("{n} online", n=S.online), class_name="tag tag-g"),
        el.span(_("{n} on the way", n=S.en_route), class_name="tag tag-v"),
        el.span(_("{n} on a job", n=S.busy), class_name="tag tag-b"),
        rx.cond(
            S.slow_pct >= SLOW_SHOWN,
            el.span(icon("car", "xs"), _("Roads {n} % slower", n=S.slow_pct), class_name="tag tag-a"),
            rx.fragment(),
        ),
        class_name="row g6",
    )
    ahead = link(icon("calendar", "s"), _("Planned ahead"), to="/operator/dispatch/plan/", cls="abtn")
    rules = link(icon("sliders-horizontal", "s"), _("Policy"), to="/operator/dispatch/policy/", cls="abtn")
    tools = el.div(sums, ahead, rules, class_name="row g12 wrap")
    return page_head(_("Dispatch board"), _("Orders without a technician, candidates and today's lanes"), tools)


def _draggable(no: rx.Var) -> dict[str, object]:
    return {"draggable": True, **attrs(data_order=no)}


def _queue() -> rx.Component:
    def item(q: rx.Var) -> rx.Component:
        tone = rx.match(q.tone, ("bad", "tag tag-r"), ("warn", "tag tag-a"), "tag tag-g")
        tail = el.span(
            el.span(icon("timer", "xs"), elapsed(q.waited_s), class_name=tone),
            el.span(q.amount, class_name="num f12"),
            class_name="col g2 end-r",
        )
        sub = el.span(q.visit, " · ", q.area, " · ", q.note)
        return queue_item(
            q.service, sub, tail, on=S.chosen == q.no, on_click=S.choose(q.no), key=q.no, **_draggable(q.no)
        )

    nothing = empty(_("Nobody waits"), _("Every paid order has a technician."))
    body = rx.cond(S.queue.length() > 0, rx.foreach(S.queue, item), nothing)
    return panel(_("Unassigned"), rx.cond(S.ready, body, rx.fragment()), note=S.queue.length())


def _map() -> rx.Component:
    picks = rx.foreach(
        S.queue, lambda q: map_pick(rx.Var.create("o") + q.no, q.service + " " + q.visit, S.choose(q.no), key=q.no)
    )
    chart = live_map(
        S.pins,
        _("Map of technicians online and of orders that wait"),
        line=S.route,
        picked=rx.Var.create("o") + S.chosen,
    )
    return panel(_("Technicians now"), chart, picks)


def _candidates() -> rx.Component:
    def card(c: rx.Var) -> rx.Component:
        button = abtn("", rx.cond(S.again, _("Reassign"), _("Assign")), on_click=S.pick(c.technician_id))
        return candidate_card(c, rx.cond(S.may_assign & c.is_feasible & ~c.is_chosen, button, rx.fragment()))

    about = rx.cond(
        S.about != "",
        el.div(
            link(
                el.span(S.chosen, class_name="num"),
                to=rx.Var.create("/operator/orders/") + S.chosen + "/",
                cls="brand w5",
            ),
            el.span(S.about, class_name="f12 mut"),
            class_name="col g0 panel-b",
        ),
        rx.fragment(),
    )
    nothing = empty(_("No candidate to show"), _("Choose an order that waits, or open one from the order desk."))
    quiet = note(_("Your role may look but not assign."), "info")
    rows = rx.fragment(
        rx.cond(S.may_assign, rx.fragment(), el.div(quiet, class_name="panel-b")), rx.foreach(S.candidates, card)
    )
    return panel(_("Candidates"), about, rx.cond(S.candidates.length() > 0, rows, nothing), note=S.candidates.length())


def _batches() -> rx.Component:
    """What the dispatch decided last, as it decides it."""

    def row(r: rx.Var) -> rx.Component:
        who = el.span(r.who, class_name=rx.cond(r.found, "w6 f14", "w6 f14 c-warn"))
        return el.li(
            el.div(order_link(r.no), el.span(r.service, class_name="f13 mut cut grow"), who, class_name="row g8"),
            el.span(r.note, class_name="f12 mut"),
            class_name="col g2",
            key=r.id,
        )

    def one(b: rx.Var) -> rx.Component:
        head = el.div(
            el.span(b.when, class_name="num w6 f13"),
            el.span(_("{n} decided together", n=b.rows.length()), class_name="f12 mut"),
            class_name="row g8",
        )
        return el.article(
            head, el.ul(rx.foreach(b.rows, row), class_name="col g8 plain"), class_name="col g6 panel-b", key=b.key
        )

    nothing = empty(_("Nothing decided yet"), _("Every decision of the dispatch appears here at once."))
    shown = el.div(
        rx.foreach(S.batches, one),
        class_name="batches",
        aria_live="polite",
        tab_index=0,
        role="log",
        aria_label=_("Live batch"),
    )
    return panel(_("Live batch"), rx.cond(S.batches.length() > 0, shown, nothing))


def _lanes() -> rx.Component:
    def name(t: rx.Var) -> rx.Component:
        words = el.span(
            link(t.name, to=rx.Var.create("/operator/technicians/") + t.technician_id.to(str) + "/", cls="w5"),
            el.span(t.state_text, class_name="f11 mut"),
            class_name="col g0",
        )
        return rx.fragment(avatar(t.portrait, 28), words)

    def row(t: rx.Var) -> rx.Component:
        def bar(b: rx.Var) -> rx.Component:
            return lane_bar(
                b.start, b.end, b.text, kind=b.kind, title=b.title, on=S.chosen == b.no, on_click=S.choose(b.no), key=b.no,
                **_draggable(b.no),
            )  # fmt: skip

        now = rx.cond(S.now_minute > 0, lanes_now(S.now_minute), rx.fragment())
        give = rx.cond(
            t.may,
            el.button(type="button", hidden=True, on_click=S.pick(t.technician_id), **attrs(data_give="1")),
            rx.fragment(),
        )
        why = el.span(t.why, class_name="why")
        who = attrs(data_who=t.technician_id, data_may=rx.cond(t.may & S.may_assign, "1", "0"))
        return lane(name(t), rx.foreach(t.bars, bar), now, why, give, key=t.technician_id, **who)

    key = [
        ("", _("Confirmed")),
        ("sug", _("Offered to a pro")),
        ("trip", _("On the way")),
        ("go", _("In service")),
        ("done", _("Completed")),
        ("bad", _("Late risk")),
    ]
    legend = el.div(
        *[el.span(el.span(class_name=f"lbar-k {kind}"), text, class_name="row g4 f12 mut") for kind, text in key],
        class_name="row g12 wrap",
    )
    chart = lanes(rx.foreach(S.lanes, row), first_hour=8, last_hour=23, label=_("Today's jobs by technician"))
    return panel(_("Today's lanes"), chart, tail=legend)


def _dialog() -> rx.Component:
    text = rx.cond(
        S.again,
        _("The order is taken from its technician and offered to {name}.", name=S.pick_name),
        _("The order is offered to {name} at once.", name=S.pick_name),
    )
    return reason_dialog("act-assign", _("Assign this order"), text, _("Assign"), S.assign, danger=False)


def view() -> rx.Component:
    """The page."""
    board = columns(_queue(), el.div(_map(), _batches(), class_name="col g16"), _candidates(), kind="3")
    hint = el.p(
        _("Drag an order onto a lane; while you hold it, each lane says who cannot have it and why."),
        class_name="f12 mut hide-m",
    )
    return frame(_head(), drag_board(board, hint, _lanes()), active="dispatch", state=S, overlays=_dialog())


PAGE = Page(
    "/operator/dispatch/", view, N_("Dispatch board"), [OperatorShellState.watch, S.watch],
    description=N_("Assign and reassign orders, with the reasons."),
)  # fmt: skip
