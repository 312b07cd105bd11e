"""The customer's shell: a phone-wide page with its tab bar, and the pieces only customers see."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import Child, Text, art, cx, el, icon, link, picture, price, stars, tag
from servicehub.texts import N_, _

TABS: tuple[tuple[str, str, str, str, str], ...] = (
    ("home", "house", "house-f", N_("Home"), "/"),
    ("services", "layout-grid", "grid-f", N_("Services"), "/c/"),
    ("orders", "clipboard-list", "clipboard-f", N_("Orders"), "/orders/"),
    ("me", "user", "user-f", N_("Me"), "/me/"),
)
"""key, icon, icon of the active tab, label, route."""


def tab_bar(active: str, tabs: tuple[tuple[str, str, str, str, str], ...], badges: dict[str, Any]) -> rx.Component:
    """The bottom bar of a face; `badges`: a count (Var) per tab key."""
    kids = []
    for key, plain, filled, label, to in tabs:
        here = {"aria_current": "page"} if key == active else {}
        mark = [_badge(badges[key])] if key in badges else []
        kids.append(link(icon(filled if here else plain), el.span(_(label)), *mark, to=to, cls="tab", **here))
    return el.nav(*kids, class_name="tabbar", aria_label=_("Main navigation"))


def _badge(count: Any) -> rx.Component:
    return rx.cond(count, el.span(count, class_name="dot", aria_hidden="true"), rx.fragment())


def customer_shell(
    *children: Child,
    active: str = "",
    header: Child = "",
    footer: Child = "",
    overlays: Child = "",
    badges: dict[str, Any] | None = None,
    cls: str = "",
    **props: Any,
) -> rx.Component:
    """A customer's page. With `active` it ends in the tab bar; without, give `footer=cta_bar(…)` or nothing.

    `header` is a `navbar` or the page's own header; `overlays` holds sheets, toasts and effects.
    """
    bottom = tab_bar(active, TABS, badges or {}) if active else footer
    names = cx("m", "" if active else "m--cta", cls)
    return el.div(header, el.main(*children), bottom, overlays, class_name=names, **props)


def search_bar(placeholder: Text, action: Text, to: Any = "/search/") -> rx.Component:
    """The home page's search box: a link to the search page."""
    return el.div(
        link(
            icon("search"),
            el.span(placeholder, class_name="grow cut"),
            el.span(action, class_name="go"),
            to=to,
            cls="search",
        ),
        class_name="searchbar",
        role="search",
    )


def hero(title: Text, line: Child, action: Text, to: Any) -> rx.Component:
    """The one big card of the home page."""
    pic = el.img(
        src="/art/hero.svg",
        alt="",
        class_name="pic",
        custom_attrs={"width": "180", "height": "132", "fetchPriority": "high"},
    )
    return el.div(
        pic,
        el.b(title),
        el.p(line, class_name="f14"),
        link(action, icon("arrow-right", "s"), to=to, cls="btn btn-s"),
        class_name="hero",
    )


def category_tile(art_name: Any, name: Text, to: Any, hot: Text = None, key: Any = None) -> rx.Component:
    """A glyph of `/art` (cat-daily …), a name, and a corner flag."""
    extra = {"key": key} if key is not None else {}
    flag = [el.span(hot, class_name="hot")] if hot is not None else []
    return link(el.span(art(art_name, 50, 50), class_name="t"), name, *flag, to=to, cls="cat", **extra)


def category_grid(*tiles: Child, label: Text, columns: int = 5) -> rx.Component:
    return el.nav(*tiles, class_name=cx("cats", f"cats-{columns}" if columns != 5 else ""), aria_label=label)


def promises(*items: tuple[str, Text]) -> rx.Component:
    """(icon, word) each, under the categories."""
    return el.div(*[el.span(icon(name, "xs"), text) for name, text in items], class_name="trust")


def service_tile(
    art_src: Any, name: Text, eta: Text, figures: Text, to: Any, *, suffix: Text = "", was: Text = None, key: Any = None
) -> rx.Component:
    """A service as a small card for a `scroller`."""
    extra = {"key": key} if key is not None else {}
    head = el.div(
        picture(art_src, 148, 111, cls="ph"), el.span(icon("zap-f", "xs"), eta, class_name="eta"), class_name="rel"
    )
    body = el.div(el.p(name, class_name="f14 w6 cut"), price(figures, suffix, was=was), class_name="bd")
    return link(head, body, to=to, cls="svc", **extra)


def service_row(
    art_src: Any,
    name: Text,
    sub: Text,
    score: Text,
    sold: Text,
    figures: Text,
    to: Any,
    *,
    tags: Child = "",
    suffix: Text = "",
    was: Text = None,
    key: Any = None,
) -> rx.Component:
    """A service as a row of a list: picture left, price last. `tags` may be a `rx.foreach` of `tag`s."""
    extra = {"key": key} if key is not None else {}
    words = el.div(
        el.h3(name, class_name="f16 w6 cut"),
        el.p(sub, class_name="f12 mut cut"),
        el.div(stars(score), el.span(sold, class_name="f12 mut"), class_name="row g6"),
        el.div(tags, class_name="row g4 tags"),
        price(figures, suffix, was=was),
        class_name="col g4 grow",
    )
    return link(picture(art_src, 92, 92, cls="ph"), words, to=to, cls="li", **extra)


def technician_tile(
    art_src: Any, name: Text, line: Text, score: Text, earliest: Text, to: Any, key: Any = None
) -> rx.Component:
    """A technician as a small card for a `scroller`."""
    extra = {"key": key} if key is not None else {}
    portrait = picture(art_src, 60, 60, alt="", cls="av")
    return link(
        portrait,
        el.span(name, class_name="f15 w6"),
        el.span(line, class_name="f12 mut cut"),
        stars(score),
        tag(earliest, "b"),
        to=to,
        cls="card tech",
        **extra,
    )


def technician_row(
    art_src: Any,
    name: Text,
    line: Text,
    score: Text,
    jobs: Text,
    distance: Text,
    earliest: Text,
    to: Any,
    key: Any = None,
) -> rx.Component:
    """A technician as a row of a list."""
    extra = {"key": key} if key is not None else {}
    words = el.div(
        el.div(
            el.h3(name, class_name="f16 w6 cut"), el.span(distance, class_name="f12 mut end nowrap"), class_name="row"
        ),
        el.p(line, class_name="f12 mut cut"),
        el.div(stars(score), el.span(jobs, class_name="f12 mut"), class_name="row g6"),
        el.div(tag(earliest, "b", "clock"), class_name="row"),
        class_name="col g4 grow",
    )
    return link(picture(art_src, 64, 64, alt="", cls="av"), words, to=to, cls="li li-t", **extra)


def sku_option(
    group: str, value: Any, name: Text, sub: Text, figures: Text, *, checked: Any, on_pick: Any, badge: Text = None
) -> rx.Component:
    """One size of a service inside `skus`."""
    box = el.input(type="radio", name=group, value=value, default_checked=checked, on_change=lambda _value: on_pick)
    flag = [el.span(badge, class_name="rec")] if badge is not None else []
    return el.label(
        box,
        el.b(name, class_name="f15 w6"),
        el.span(sub, class_name="f12 mut"),
        el.span("¥", figures, class_name="num f16 c-price"),
        *flag,
        key=value,
    )


def skus(*options: Child, label: Text) -> rx.Component:
    return el.div(*options, class_name="sku", role="radiogroup", aria_label=label)


def included(yes: list[Text], no: list[Text]) -> rx.Component:
    """What the price covers and what it does not."""
    kids = [el.div(icon("circle-check"), text) for text in yes]
    kids += [el.div(icon("x"), el.span(text), class_name="no") for text in no]
    return el.div(*kids, class_name="inc")


def included_item(text: Text, yes: bool = True, key: Any = None) -> rx.Component:
    """One line of `inc` (`el.div(rx.foreach(…), class_name="inc")`)."""
    extra = {"key": key} if key is not None else {}
    return el.div(icon("circle-check" if yes else "x"), el.span(text), class_name="" if yes else "no", **extra)


def cover(art_src: Any, alt: Text, *buttons: Child) -> rx.Component:
    """A service's picture at the top of its page, with glass buttons (`ib--glass`) over it."""
    return el.div(picture(art_src, 390, 286, alt, lazy=False), el.div(*buttons, class_name="bar"), class_name="cover")
