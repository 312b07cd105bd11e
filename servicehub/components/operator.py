"""The operator's shell: side navigation, top bar, command palette; and the pieces only operators see."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.vars import Var

from servicehub.components.base import ASSET_VERSION, Child, Text, attrs, avatar, cx, el, ibtn, icon, link
from servicehub.components.elements import sparkline
from servicehub.components.layout import brand_name, language_switch, opens, theme_switch
from servicehub.texts import N_, _

NAV: tuple[tuple[str, tuple[tuple[str, str, str, str], ...]], ...] = (
    (
        "",
        (
            ("overview", "chart-line", N_("Overview"), "/operator/"),
            ("dispatch", "route", N_("Dispatch board"), "/operator/dispatch/"),
            ("orders", "clipboard-list", N_("Orders"), "/operator/orders/"),
        ),
    ),
    (N_("Supply"), (("technicians", "users", N_("Technicians"), "/operator/technicians/"),)),
    (
        N_("Money and system"),
        (
            ("money", "wallet", N_("Money"), "/operator/money/"),
            ("ledger", "scale", N_("Ledger"), "/operator/ledger/"),
            ("settlements", "layers", N_("Settlements"), "/operator/settlements/"),
            ("withdrawals", "hand-coins", N_("Withdrawals"), "/operator/withdrawals/"),
            ("commission", "percent", N_("Commission rules"), "/operator/commission/"),
            ("invoices", "receipt-text", N_("Invoices"), "/operator/invoices/"),
            ("settlement-mode", "building-2", N_("Settlement mode"), "/operator/settlement-mode/"),
            ("reconciliation", "list-checks", N_("Reconciliation"), "/operator/reconciliation/"),
            ("vouchers", "landmark", N_("Vouchers"), "/operator/vouchers/"),
            ("machine", "workflow", N_("Order machine"), "/operator/machine/"),
            ("audit", "scroll-text", N_("Audit log"), "/operator/audit/"),
        ),
    ),
)
"""Groups of (key, icon, label, route). Add a line with its page; a route without a page is a dead link."""


def operator_shell(
    *children: Child,
    active: str,
    city: Text = "",
    name: Text = "",
    role: Text = "",
    badges: dict[str, Any] | None = None,
    bar: Child = "",
    account: Child = "",
    overlays: Child = "",
    commands: list[tuple[str, Text, str]] | None = None,
    connected: Any = None,
    allowed: Any = None,
    **props: Any,
) -> rx.Component:
    """An operator's page.

    `allowed` (Var of a list of nav keys) hides the other entries; without it all are shown.
    `badges`: a count (Var) per nav key; `bar` sits in the top bar; `account` (log-out form …) beside the name;
    `commands`: (icon, text, route) added to the palette; `overlays`: drawers, toasts, effects.
    """
    style = el.link(rel="stylesheet", href=f"/operator.css?v={ASSET_VERSION}", **attrs(precedence="default"))
    main = el.main(*children, class_name="pg", id="main")
    right = el.div(_top_bar(name, role, bar, account, connected), main, class_name="ad-r")
    return el.div(
        style,
        _side(active, city, badges or {}, allowed),
        right,
        _palette(commands or [], allowed),
        overlays,
        class_name="ad",
        **props,
    )


def _side(active: str, city: Text, badges: dict[str, Any], allowed: Any) -> rx.Component:
    words = el.div(
        el.span(brand_name(), class_name="w7 f15"), el.span(city, class_name="f11 mut"), class_name="col g0 lb"
    )
    kids: list[rx.Component] = [
        el.div(el.img(src="/art/app-icon.svg", alt="", class_name="logo"), words, class_name="row side-b")
    ]
    for title, items in NAV:
        if title:
            kids.append(el.h2(_(title)))
        kids += [_if_allowed(item[0], _nav_item(item, active, badges), allowed) for item in items]
    return el.nav(*kids, class_name="side", aria_label=_("Operator navigation"))


def _if_allowed(key: str, item: rx.Component, allowed: Any) -> rx.Component:
    return item if allowed is None else rx.cond(allowed.contains(key), item, rx.fragment())


def _nav_item(item: tuple[str, str, str, str], active: str, badges: dict[str, Any]) -> rx.Component:
    key, name, label, to = item
    here = {"aria_current": "page"} if key == active else {}
    count = [rx.cond(badges[key], el.span(badges[key], class_name="n hot"), rx.fragment())] if key in badges else []
    return link(icon(name), el.span(_(label), class_name="lb"), *count, to=to, title=_(label), **here)


def _top_bar(name: Text, role: Text, bar: Child, account: Child, connected: Any) -> rx.Component:
    search = el.button(
        icon("search", "s"),
        el.span(_("Search pages and actions"), class_name="cut"),
        el.span("Ctrl K", class_name="kbd", aria_hidden="true"),
        type="button",
        class_name="kbar",
        **opens("cmdk"),
    )
    live = (
        rx.cond(connected, el.span(_("Live"), class_name="live hide-m"), rx.fragment()) if connected is not None else ""
    )
    who = el.div(
        avatar("cu-2", 32, ""),
        el.div(el.span(name, class_name="f13 w6"), el.span(role, class_name="f11 mut"), class_name="col g0 hide-m"),
        class_name="row g6",
    )
    return el.header(
        search,
        live,
        el.span(class_name="grow"),
        bar,
        language_switch("hide-m"),
        theme_switch(),
        who,
        account,
        class_name="tb",
    )


def _palette(commands: list[tuple[str, Text, str]], allowed: Any) -> rx.Component:
    pages = [(key, name, _(label), to) for _title, items in NAV for key, name, label, to in items]
    rows = [_if_allowed(key, _command(name, text, to), allowed) for key, name, text, to in pages]
    rows += [_command(name, text, to) for name, text, to in commands]
    box = el.input(placeholder=_("Type a page or an action"), aria_label=_("Search pages and actions"), auto_focus=True)
    return el.dialog(
        el.div(box, el.ul(*rows), class_name="cmd"), id="cmdk", class_name="modal", aria_label=_("Command palette")
    )


def _command(name: str, text: Text, to: str) -> rx.Component:
    return el.li(link(icon(name, "s"), text, to=to, **attrs(data_close="")))


def page_head(title: Text, sub: Text = "", *actions: Child) -> rx.Component:
    """h1, a smaller line, and the page's actions at the right."""
    words = el.div(el.h1(title), el.span(sub, class_name="f13 mut"), class_name="col g2 grow")
    return el.div(words, *actions, class_name="pg-h")


def abtn(name: str, text: Text, *, primary: bool = False, cls: str = "", **props: Any) -> rx.Component:
    """An operator's 36 px button; `name` is an icon or ""."""
    mark = [icon(name)] if name else []
    return el.button(*mark, text, type="button", class_name=cx("abtn", "abtn-p" if primary else "", cls), **props)


def alink(name: str, text: Text, to: Any, *, primary: bool = False) -> rx.Component:
    mark = [icon(name)] if name else []
    return link(*mark, text, to=to, cls=cx("abtn", "abtn-p" if primary else ""))


def more_button(label: Text, **props: Any) -> rx.Component:
    """The dots at the end of a row."""
    return ibtn("ellipsis", label, cls="ib-s", **props)


def kpi(
    name: Text,
    value: Text,
    unit: Text,
    delta: Text,
    hint: Text,
    data: Any,
    *,
    up: Any,
    good: Any,
    key: Any = None,
    to: Any = None,
    **props: Any,
) -> rx.Component:
    """A figure with its change, the reason, and its course. `good` decides the colour, not the sign; `to` drills down."""
    extra = {"key": key} if key is not None else {}
    arrow = rx.cond(up, icon("arrow-up"), icon("arrow-down"))
    change = el.span(arrow, delta, class_name=rx.cond(good, "dl up", "dl dn"))
    if isinstance(delta, Var):
        change = rx.cond(delta.to(str) != "", change, rx.fragment())
    kids = [
        el.span(name, class_name="f13 mut"),
        el.span(value, el.small(unit), class_name="v"),
        el.span(change, el.span(hint, class_name="f11 mut cut"), class_name="row g6"),
        sparkline(data, rx.cond(good, "ok", "bad")),
    ]
    if to is not None:
        return link(*kids, to=to, cls="kpi", **extra, **props)
    return el.button(*kids, class_name="kpi", type="button", **extra, **props)


def kpis(*cards: Child) -> rx.Component:
    return el.div(*cards, class_name="kpis")


def columns(*children: Child, kind: str = "2") -> rx.Component:
    """`kind`: "2" wide and narrow, "3" queue, map and candidates of the dispatch board, "h" halves."""
    return el.div(*children, class_name=f"grid{kind}")


def alert_row(tone: Any, name: Any, title: Text, sub: Text, action: Child, key: Any = None) -> rx.Component:
    """Something that needs a hand, with the act beside it. `tone`: r, o, b, v (may be a Var)."""
    extra = {"key": key} if key is not None else {}
    words = el.div(
        el.span(title, class_name="f13 w6 cut"), el.span(sub, class_name="f12 mut cut"), class_name="col g0 grow"
    )
    return el.div(el.span(icon(name, "s"), class_name=cx("ic", tone)), words, action, class_name="al", **extra)


def queue_item(
    title: Text, sub: Text, tail: Child, *, on: Any, on_click: Any, key: Any = None, **props: Any
) -> rx.Component:
    """An order of the dispatch queue; `on` (Var) while it is the chosen one."""
    extra = {"key": key} if key is not None else {}
    words = el.span(
        el.span(title, class_name="f14 w6 cut"), el.span(sub, class_name="f12 mut cut"), class_name="col g2 grow"
    )
    pressed = rx.cond(on, "true", "false")
    return el.button(
        words, tail, type="button", class_name="q", aria_pressed=pressed, on_click=on_click, **extra, **props
    )


def candidate(
    art_src: Any,
    name: Text,
    line: Text,
    score: Text,
    parts: Child,
    action: Child,
    *,
    excluded: Text = None,
    key: Any = None,
) -> rx.Component:
    """A technician for an order: `parts` are `score_bar`s; `excluded` is the rule that rules them out (Var or None)."""
    extra = {"key": key} if key is not None else {}
    why = []
    if excluded is not None:
        why = [rx.cond(excluded != "", el.p(icon("ban", "xs"), excluded, class_name="err"), rx.fragment())]
    head = el.div(
        avatar(art_src, 36),
        el.div(el.span(name, class_name="w6 cut"), el.span(line, class_name="f12 mut cut"), class_name="col g0 grow"),
        el.span(score, class_name="num f18 brand"),
        action,
        class_name="row",
    )
    return el.article(head, el.div(parts, class_name="parts"), *why, class_name="cand", **extra)


def score_bar(name: Text, percent: Any, value: Text, key: Any = None, *, cost: Any = False) -> rx.Component:
    """One part of a score; `percent` such as `72%` may be a Var. `cost` (bool or Var): it counts against."""
    tone = rx.cond(cost, "neg", "") if isinstance(cost, Var) else ("neg" if cost else "")
    extra = {"key": key} if key is not None else {}
    bar = el.span(el.i(custom_attrs={"style": {"--w": percent}}), class_name="b")
    return el.div(
        el.span(name, class_name="mut cut"), bar, el.span(value, class_name="num r"), class_name=tone, **extra
    )


def facts_table(*rows: tuple[Text, Child]) -> rx.Component:
    """Name and value pairs of a detail page."""
    kids = [el.div(el.dt(name), el.dd(value)) for name, value in rows]
    return el.dl(*kids, class_name="facts")
