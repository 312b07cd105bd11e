"""Pieces of the pages that edit a part of the order policy: the draft with its way into force, and the versions."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import btn, el
from servicehub.components.layout import note, opens, panel
from servicehub.components.operator import abtn
from servicehub.texts import _


def change_list(changes: rx.Var, **props: Any) -> rx.Component:
    """What a draft changes."""
    return el.ul(rx.foreach(changes, lambda text: el.li(text, key=text)), class_name="col g4 f13 terms", **props)


def draft_panel(state: Any, nothing: str) -> rx.Component:
    """What the draft of a State (`page`, `base`, `may_write`, `discard`) changes; `nothing` while it changes nothing."""
    page = state.page
    stale = rx.cond(
        state.base != page.version,
        note(_("Version {n} was adopted meanwhile. Discard the draft to build on it.", n=page.version), "warn"),
        rx.fragment(),
    )
    adopt = rx.cond(
        state.may_write,
        btn(_("Adopt as version {n}", n=state.base + 1), kind="p", **opens("adopt")),
        note(_("Your role may try rules; an administrator adopts them."), "info"),
    )
    changed = el.div(
        stale,
        change_list(page.changes, role="status"),
        el.div(adopt, abtn("undo-2", _("Discard the draft"), on_click=state.discard), class_name="row g8 wrap"),
        class_name="col g12 panel-b",
    )
    empty = el.p(nothing, class_name="mut f13 panel-b")
    return panel(_("Draft"), rx.cond(page.changes.length() > 0, changed, empty))


def versions_panel(versions: rx.Var) -> rx.Component:
    """Every version with who adopted it, why, and what it changed here."""

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

    return panel(_("Versions"), rx.foreach(versions, one))
