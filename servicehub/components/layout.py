"""What pages of all faces are put together from: bars, sections, sheets, drawers, dialogs, empty states, loading.

The faces' own shells are in `customer`, `technician` and `operator`; what wraps the whole app is in `head`.
"""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import Child, Text, art, attrs, btn, cx, el, ibtn, icon, ilink, link
from servicehub.settings import get_settings
from servicehub.texts import LOCALE, Locale, _, localized_path


def brand_name() -> str:
    """What the company that runs this installation is called."""
    return get_settings().brand_name


def navbar(title: Text, back: Any = "/", *, right: Child = "", on_back: Any = None) -> rx.Component:
    """Back, a centred title (the page's h1), and room for one or two icon buttons."""
    arrow = (
        ilink("chevron-left", _("Back"), back) if on_back is None else ibtn("chevron-left", _("Back"), on_click=on_back)
    )
    return el.header(arrow, el.h1(title), el.div(right, class_name="end row g0"), class_name="nav")


def section(title: Text, *children: Child, more: Text = None, to: Any = "/", id: str = "") -> rx.Component:
    """A titled part of a page; `more` is a link at its right."""
    tail = [link(more, icon("chevron-right", "s"), to=to, cls="more")] if more is not None else []
    extra = {"id": id} if id else {}
    return el.section(el.div(el.h2(title), *tail, class_name="sec-h"), *children, **extra)


def panel(
    title: Text, *children: Child, note: Text = None, tail: Child = "", cls: str = "", level: int = 2
) -> rx.Component:
    """A bordered block of an operator's page."""
    heading = el.h2(title) if level == 2 else el.h3(title)
    small = [el.span(note, class_name="f12 mut")] if note is not None else []
    head = el.div(heading, *small, el.span(class_name="grow"), tail, class_name="panel-h")
    return el.section(head, *children, class_name=cx("panel", cls))


def scroller(*children: Child, label: Text = "") -> rx.Component:
    """Cards that scroll sideways."""
    named = {"role": "group", "aria_label": label} if label else {}
    return el.div(*children, class_name="hs", **named)


def cta_bar(*children: Child) -> rx.Component:
    """The bar at the bottom with the page's one primary action."""
    return el.footer(*children, class_name="cta")


def _dialog(id: str, title: Text, cls: str, head: list[Child], body: Child, footer: list[Child] | None) -> rx.Component:
    foot = [el.div(*footer, class_name="sheet-f")] if footer else []
    bar = el.div(
        el.h2(title, id=f"{id}-title", tab_index=-1),
        *head,
        ibtn("x", _("Close"), **attrs(data_close="")),
        class_name="sheet-h row",
    )
    grab = [el.div(class_name="grab")] if cls == "sheet" else []
    return el.dialog(
        *grab, bar, el.div(body, class_name="sheet-b"), *foot, id=id, class_name=cls, aria_labelledby=f"{id}-title"
    )


def sheet(id: str, title: Text, *body: Child, footer: list[Child] | None = None) -> rx.Component:
    """A panel from below. `**opens(id)` on a button or the effect `open:ID` opens it."""
    return _dialog(id, title, "sheet", [], rx.fragment(*body), footer)


def drawer(id: str, title: Text, *body: Child, status: Child = "", footer: list[Child] | None = None) -> rx.Component:
    """A panel from the right, for operators."""
    return _dialog(id, title, "drawer", [status], rx.fragment(*body), footer)


def modal(id: str, title: Text, *body: Child, footer: list[Child] | None = None) -> rx.Component:
    """A box in the middle."""
    return _dialog(id, title, "modal", [], rx.fragment(*body), footer)


def confirm(id: str, title: Text, text: Text, action: Text, on_confirm: Any, *, kind: str = "d") -> rx.Component:
    """Asks before something that costs money or people; `action` names the act."""
    keep = btn(_("Keep"), kind="o", cls="grow", **attrs(data_close=""))
    do = btn(action, kind=kind, cls="grow", on_click=on_confirm)
    return modal(id, title, el.p(text, class_name="f14 ink2"), footer=[keep, do])


def opens(id: str) -> dict[str, Any]:
    """`btn("…", **opens("slots"))` opens a dialog at once, without asking the server."""
    return attrs(data_open=id)


def closes() -> dict[str, Any]:
    """On a button inside a dialog: closes it at once."""
    return attrs(data_close="")


def empty(title: Text, text: Text, *actions: Child, pic: str = "empty-orders") -> rx.Component:
    """Nothing to show: a picture, the reason, the next step. Pictures: empty-orders, empty-coupons, empty-network."""
    return el.div(
        art(pic, 176, 120),
        el.p(title, class_name="f16 w6"),
        el.p(text, class_name="mut f13"),
        *actions,
        class_name="empty",
    )


def note(text: Text, tone: str = "info", name: str = "info", *tail: Child) -> rx.Component:
    """A line that explains something here. `tone`: info, ok, warn, bad."""
    return el.div(icon(name, "s"), el.div(text, class_name="grow"), *tail, class_name=f"note note-{tone}")


def skeleton(kind: str = "list", count: int = 3) -> rx.Component:
    """Boxes of the size of what comes. `kind`: list, card, line."""
    one = {
        "list": el.div(
            el.div(class_name="sk sk-p"), el.div(*_lines(), class_name="col g8 grow"), class_name="row g12 li"
        ),
        "card": el.div(*_lines(), class_name="card card-p col g8"),
        "line": el.div(class_name="sk sk-l"),
    }[kind]
    return el.div(*[one] * count, class_name="col g12", role="status", aria_label=_("Loading"))


def _lines() -> list[rx.Component]:
    return [el.div(class_name=f"sk sk-l {width}") for width in ("", "sk-80", "sk-50")]


def pull_to_refresh(on_refresh: Any) -> rx.Component:
    """Pulling the page down presses a real button, which keyboards reach too."""
    words = attrs(
        data_ptr="", data_pull=_("Pull to refresh"), data_drop=_("Release to refresh"), data_busy=_("Refreshing")
    )
    button = el.button(_("Refresh"), type="button", on_click=on_refresh, class_name="skip", **attrs(data_refresh=""))
    return rx.fragment(button, el.div(class_name="ptr", aria_hidden="true", **words))


def expire_button(on_expire: Any) -> rx.Component:
    """What a countdown presses when it reaches 0; place one per page."""
    hide = attrs(data_expire="", aria_hidden="true")
    return el.button(_("Time is up"), type="button", on_click=on_expire, class_name="sr", tab_index=-1, **hide)


def map_pick(id: Any, text: Text, on_click: Any, key: Any = None) -> rx.Component:
    """The button that a click on a map's point presses; also how keyboards pick it."""
    extra = {"key": key} if key is not None else {}
    return el.button(text, type="button", on_click=on_click, class_name="skip", **attrs(data_map_pick=id), **extra)


def language_switch(cls: str = "") -> rx.Component:
    """To the same page in the other language; the script fills in where we are."""
    other: Locale = "zh" if LOCALE.get() == "en" else "en"
    word = {"zh": "中文", "en": "English"}[other]
    lang = {"zh": "zh-CN", "en": "en"}[other]
    mark = attrs(data_lang=other)["custom_attrs"] | {"lang": lang, "hrefLang": lang}
    return el.a(
        icon("languages", "s"), word, href=localized_path("/", other), class_name=cx("lang", cls), custom_attrs=mark
    )


def theme_switch() -> rx.Component:
    """Light or dark; kept in this browser."""
    faces = [el.span(icon("moon"), class_name="day-only"), el.span(icon("sun"), class_name="night-only")]
    return el.button(*faces, class_name="ib", type="button", aria_label=_("Dark mode"), on_click=rx.toggle_color_mode)
