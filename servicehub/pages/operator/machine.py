"""`/operator/machine/`: the order's machine, drawn and listed from `domain.order.ORDER`, with how many orders are where now."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import css, el
from servicehub.components.layout import panel
from servicehub.components.operator import page_head
from servicehub.components.order import STATUS_TONES, status_pill
from servicehub.components.tables import table, th, two_lines
from servicehub.domain.access import Role
from servicehub.domain.order import ORDER, OrderEvent, OrderStatus
from servicehub.pages.operator.frame import frame
from servicehub.pages.page import Page
from servicehub.queries.operator import words
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.machine import MachineState
from servicehub.texts import N_, _
from servicehub.viewmodels.diagram import Arrow, Box, Diagram, spine

S = MachineState
svg = el.svg
LEFT, RIGHT = OrderStatus.EXPIRED, OrderStatus.CANCELLED
SPINE = (
    OrderStatus.PENDING_PAYMENT, OrderStatus.MATCHING, OrderStatus.ASSIGNED, OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE,
    OrderStatus.ARRIVED, OrderStatus.IN_SERVICE, OrderStatus.AWAITING_BALANCE, OrderStatus.AWAITING_CONFIRM, OrderStatus.COMPLETED,
    OrderStatus.DISPUTED, OrderStatus.CLOSED,
)  # fmt: skip
_KINDS = {"down": "m-down", "skip": "m-skip", "back": "m-back", "end": "m-end", "revive": "m-skip"}
_LINE = 14


def _drawing() -> Diagram:
    pairs = [(step.source.value, step.target.value) for step in ORDER.steps]
    return spine([s.value for s in SPINE], LEFT.value, RIGHT.value, pairs)


def _events(arrow: Arrow) -> list[OrderEvent]:
    return [s.event for s in ORDER.steps if (s.source.value, s.target.value) == (arrow.source, arrow.target)]


def _text(x: int, y: int, words_: Any, cls: str) -> rx.Component:
    return svg.text(words_, x=str(x), y=str(y), class_name=cls)


def _label(arrow: Arrow) -> list[rx.Component]:
    names = [_(words.EVENT[event.value]) for event in _events(arrow)]
    top = arrow.y + 4 - (len(names) - 1) * _LINE // 2
    if arrow.kind == "end":
        return [_text(arrow.x, arrow.y - 5, " · ".join(names[:1]) + (" …" if len(names) > 1 else ""), "m-t")]
    return [_text(arrow.x, top + i * _LINE, name, "m-t") for i, name in enumerate(names)]


def _box(box: Box) -> rx.Component:
    tone = STATUS_TONES.get(box.key, "cancel")
    middle_x, middle_y = box.x + box.width // 2, box.y + box.height // 2
    count = S.counts[box.key].to(str)
    return svg.g(
        svg.rect(
            x=str(box.x),
            y=str(box.y),
            width=str(box.width),
            height=str(box.height),
            rx="10",
            class_name=f"m-box m-{tone}",
        ),
        _text(middle_x, middle_y - 2, _(words.STATUS[box.key]), "m-name"),
        _text(middle_x, middle_y + 15, rx.cond(S.ready, count, ""), "m-count"),
    )


def _diagram() -> rx.Component:
    drawing = _drawing()
    tip = svg.marker(
        svg.path(d="M0 0L8 4L0 8z", class_name="m-tip"),
        id="m-tip", view_box="0 0 8 8", ref_x="7", ref_y="4", marker_width="9", marker_height="9", orient="auto",
        marker_units="userSpaceOnUse",
    )  # fmt: skip
    paths = [
        svg.path(d=a.path, class_name=f"m-a {_KINDS[a.kind]}", custom_attrs={"markerEnd": "url(#m-tip)"})
        for a in drawing.arrows
    ]
    labels = [text for a in drawing.arrows for text in _label(a)]
    picture = el.svg(
        svg.defs(tip), *paths, *[_box(b) for b in drawing.boxes], *labels,
        view_box=f"0 0 {drawing.width} {drawing.height}", class_name="m-svg",
        custom_attrs={"role": "img", "aria-label": _("Diagram of the order's states and steps; the table below lists them all.")},
    )  # fmt: skip
    return el.div(
        picture,
        class_name="tw panel-b",
        tab_index=0,
        role="region",
        aria_label=_("Diagram"),
        **css(w=f"{drawing.width}px"),
    )


def _who(by: frozenset[Role]) -> rx.Component:
    tones = {Role.CUSTOMER: "a", Role.TECHNICIAN: "b", Role.OPERATOR: "v", Role.SYSTEM: "line"}
    tags = [
        el.span(_(words.ROLE[role.value]), class_name=f"tag tag-{tone}") for role, tone in tones.items() if role in by
    ]
    return el.div(*tags, class_name="row g4")


def _steps() -> rx.Component:
    rows = []
    for i, step in enumerate(ORDER.steps):
        timer = ORDER.timers.get(step.source) is step.event
        mark = [el.span(_("Timer"), class_name="tag tag-w")] if timer else []
        rows.append(
            el.tr(
                el.td(status_pill(step.source.value, _(words.STATUS[step.source.value]))),
                el.td(
                    el.div(two_lines(_(words.EVENT[step.event.value]), step.event.value), *mark, class_name="row g8")
                ),
                el.td(status_pill(step.target.value, _(words.STATUS[step.target.value]))),
                el.td(_who(step.by)),
                el.td(_(step.guard) if step.guard else "—", class_name="wrap-t"),
                el.td(_(step.effect) if step.effect else "—", class_name="wrap-t"),
                key=str(i),
            )
        )
    heads = [th(_("In state")), th(_("Event")), th(_("Goes to")), th(_("Who")), th(_("Guard")), th(_("Effect"))]
    note = _("{n} steps, with who may take them", n=len(ORDER.steps))
    return panel(_("All steps"), table(_("All steps"), heads, rx.fragment(*rows)), note=note)


def _soundness() -> rx.Component:
    problems = ORDER.problems()
    if problems:
        return el.span(_("{n} problems", n=len(problems)), class_name="tag tag-r")
    return el.span(_("Sound: every state is reachable, has a timer and can end"), class_name="tag tag-g")


def view() -> rx.Component:
    """The page."""
    head = page_head(_("Order machine"), _("Drawn from the table that the services obey"), _soundness())
    return frame(head, panel(_("Diagram"), _diagram()), _steps(), active="machine", state=S)


PAGE = Page(
    "/operator/machine/", view, N_("Order machine"), [OperatorShellState.watch, S.watch],
    description=N_("The states of an order and the steps between them."),
)  # fmt: skip
