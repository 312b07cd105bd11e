"""Dispatch decisions on screen: every candidate, score parts as bars, the rules against the excluded ones."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import Child, el
from servicehub.components.layout import panel
from servicehub.components.operator import candidate, score_bar
from servicehub.texts import _


def candidate_card(c: Any, action: Child = "") -> rx.Component:
    """One technician of a ranking."""
    travel = rx.cond(c.travel != "", el.span(" · ", c.travel), rx.fragment())
    line = el.span(c.level, " · ", c.distance, travel)
    chosen = rx.cond(c.is_chosen, el.span(_("Chosen"), class_name="tag tag-b"), rx.fragment())
    name = el.span(rx.cond(c.rank != "", el.span(c.rank, ". ", class_name="num"), rx.fragment()), c.name)
    bars = rx.foreach(c.parts, lambda p: score_bar(p.name, p.width, p.text, key=p.name, cost=p.is_penalty))
    return candidate(
        c.portrait, name, line, c.score, bars, el.span(chosen, action, class_name="row g6"),
        excluded=c.failed.join(" · "), key=c.technician_id,
    )  # fmt: skip


def _as_it_was(c: Any) -> rx.Component:
    return candidate_card(c)


def decisions(rows: Any) -> rx.Component:
    """All decisions of an order, the newest open, the others folded."""

    def one(row: Any, index: Any) -> rx.Component:
        head = el.summary(
            el.span(row.title, class_name="w6 f14"),
            el.span(el.span(row.when, class_name="num"), " · ", row.summary, class_name="f12 mut"),
            class_name="col g0 panel-b",
        )
        said = el.ul(
            rx.foreach(row.reasons, lambda text: el.li(text, class_name="f13")), class_name="col g4 panel-b why"
        )
        chips = rx.foreach(
            row.funnel, lambda f: el.span(f.name, " ", el.b(f.count, class_name="num"), class_name="tag")
        )
        counted = el.div(el.span(_("Excluded"), class_name="f12 mut"), chips, class_name="row g6 wrap panel-b")
        return el.details(
            head,
            rx.cond(row.reasons.length() > 0, said, rx.fragment()),
            rx.cond(row.funnel.length() > 0, counted, rx.fragment()),
            rx.foreach(row.candidates, _as_it_was),
            open=index == 0,
            key=row.id,
        )

    nothing = el.p(_("Nobody was searched for yet."), class_name="mut f13 panel-b")
    return panel(_("Dispatch decisions"), rx.cond(rows.length() > 0, rx.foreach(rows, one), nothing))
