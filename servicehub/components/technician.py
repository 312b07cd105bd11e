"""The technician's shell (an installable app) and the pieces only technicians see."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import ASSET_VERSION, Child, Text, attrs, cx, el, icon, link, money
from servicehub.components.customer import tab_bar
from servicehub.components.forms import error_line
from servicehub.texts import LOCALE, N_, localized_path

TABS: tuple[tuple[str, str, str, str, str], ...] = (
    ("work", "zap", "zap-f", N_("Workbench"), "/technician/"),
    ("hall", "hand-coins", "hand-coins", N_("Open offers"), "/technician/offers/"),
    ("schedule", "calendar-days", "calendar-days", N_("Schedule"), "/technician/schedule/"),
    ("income", "wallet", "wallet", N_("Earnings"), "/technician/income/"),
    ("me", "user", "user-f", N_("Me"), "/technician/me/"),
)


def technician_shell(
    *children: Child,
    active: str = "",
    header: Child = "",
    footer: Child = "",
    overlays: Child = "",
    badges: dict[str, Any] | None = None,
    cls: str = "",
    **props: Any,
) -> rx.Component:
    """A technician's page: `customer_shell` with the app's own tabs, manifest and service worker."""
    bottom = tab_bar(active, TABS, badges or {}) if active else footer
    names = cx("m", "" if active else "m--cta", cls)
    worker = attrs(data_sw=localized_path("/technician"))
    return el.div(*_app_links(), header, el.main(*children), bottom, overlays, class_name=names, **worker, **props)


def _app_links() -> list[rx.Component]:
    """React lifts these into the head, so that only the technician's pages can be installed."""
    name = "manifest.en.webmanifest" if LOCALE.get() == "en" else "manifest.webmanifest"
    return [
        el.link(rel="manifest", href=f"/{name}?v={ASSET_VERSION}"),
        el.meta(name="mobile-web-app-capable", content="yes"),
        el.meta(name="apple-mobile-web-app-status-bar-style", content="default"),
    ]


def work_header(*children: Child, title: Text) -> rx.Component:
    """The dark head of the workbench: portrait, name, the online switch; `title` is the h1 (not shown)."""
    return el.header(el.h1(title, class_name="sr"), el.div(*children, class_name="row g12"), class_name="wk-h")


def income_strip(*figures: tuple[Text, Text]) -> rx.Component:
    """Three (figure, word) pairs that overlap the head."""
    kids = [el.div(el.b(value), el.span(word, class_name="f12 mut")) for value, word in figures]
    return el.div(*kids, class_name="card stat")


def swipe(label: Text, on_click: Any) -> rx.Component:
    """Slide to accept; the word is a real button under the thumb, so a key press does the same."""
    thumb = el.div(icon("chevron-right", "l"), class_name="th", aria_hidden="true")
    button = el.button(label, class_name="go", type="button", on_click=on_click)
    return el.div(el.div(class_name="sh"), thumb, button, class_name="swipe")


def offer_card(head: Child, body: Child, *, label: Text) -> rx.Component:
    """An offer: `head` (ring, badges) on a tint, then `body` (money, facts, decline and swipe)."""
    return el.section(
        el.div(head, class_name="offer-t"), el.div(body, class_name="card-p"), class_name="card offer", aria_label=label
    )


def facts(*items: tuple[str, Text, Text]) -> rx.Component:
    """(icon, line, smaller line) each."""
    kids: list[rx.Component] = []
    for name, line, sub in items:
        words = el.div(el.span(line, class_name="f16 w6"), el.span(sub, class_name="f13 mut"), class_name="col g2")
        kids += [icon(name), words]
    return el.div(*kids, class_name="kv")


def big_step(title: Text, text: Text, action: Child) -> rx.Component:
    """The one next step of a job."""
    return el.section(
        el.h2(title, class_name="f20 w7"), el.p(text, class_name="f14 mut"), action, class_name="card card-p col g12"
    )


def code_pad(id: str, label: Text, *, on_change: Any = None, error: Any = None) -> rx.Component:
    """Four large digits: the code that the customer shows."""
    box = el.input(
        id=id,
        name=id,
        type="text",
        input_mode="numeric",
        pattern="[0-9]*",
        max_length=4,
        auto_complete="off",
        aria_label=label,
        on_change=on_change,
        class_name="inp code-in num",
    )
    return el.div(box, *error_line(id, error), class_name="fld")


def ledger_row(
    title: Text, sub: Text, amount: Text, *, tone: Any = "", to: Any = None, key: Any = None
) -> rx.Component:
    """A line of earnings: what, when, how much."""
    extra = {"key": key} if key is not None else {}
    words = el.span(el.span(title, class_name="f15 w5"), el.span(sub, class_name="f12 mut"), class_name="col g2 grow")
    kids = [words, money(amount, cx("f18", tone))]
    if to is not None:
        return link(*kids, icon("chevron-right", "s", "dim"), to=to, cls="cell", **extra)
    return el.div(*kids, class_name="cell", **extra)
