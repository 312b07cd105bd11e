"""Rules as documents: service, fees, cancellation, privacy. What they say comes from the policy in force."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import card, el, link
from servicehub.components.customer import customer_shell
from servicehub.components.layout import navbar
from servicehub.pages.customer.parts import loaded
from servicehub.pages.page import Page
from servicehub.state.customer.account import DOCUMENTS, LegalState
from servicehub.texts import N_, _

D = LegalState.doc


def _rule(row: Any) -> rx.Component:
    title = rx.cond(row.title != "", el.h3(row.title, class_name="f15 w6"), rx.fragment())
    return el.li(title, el.p(row.text, class_name="f14 ink2"), class_name="col g2", key=row.title + row.text)


def view() -> rx.Component:
    """The page of the document that the address names."""
    others = el.nav(
        *[link(_(title), to=f"/legal/{name}/", cls="chip") for name, title in DOCUMENTS.items()],
        class_name="hs",
        aria_label=_("Documents"),
    )
    text = card(
        el.h2(D.title, class_name="f18 w7"),
        el.p(D.version, class_name="f12 mut"),
        el.ul(rx.foreach(D.rules, _rule), class_name="col g12"),
        cls="col g12",
    )
    return customer_shell(
        others, loaded(LegalState, el.div(text, class_name="stack")), header=navbar(_("Rules"), "/me/")
    )


PAGE = Page("/legal/[doc]", view, N_("Rules"), LegalState.load)
