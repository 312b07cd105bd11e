"""The small parts: icons, links, buttons, tags, prices, pictures, cells.

Owns their markup and accessible names. No Radix, no Tailwind, no `rx.icon`: each would cost every customer kilobytes.
"""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.vars import Var
from reflex_components_core.el.elements.base import BaseHTML
from reflex_components_core.react_router import link as _router_link

from servicehub.texts import LOCALE, _, localized_path

el = rx.el
Child = Any
"""What Reflex accepts between tags: text, a Var or a component."""
Text = Any
"""A translated string or a Var of one."""

ASSET_VERSION = "1"
"""Part of the address of files that keep their name; raise it when such a file changes."""


def cx(*names: Any) -> Any:
    """Class names joined; a Var among them makes the whole a Var."""
    kept = [name for name in names if isinstance(name, Var) or name]
    if any(isinstance(name, Var) for name in kept):
        joined: Any = kept[0]
        for name in kept[1:]:
            joined = joined + " " + name if isinstance(joined, Var) else Var.create(f"{joined} ") + name
        return joined
    return " ".join(kept)


def attrs(**values: Any) -> dict[str, Any]:
    """Attributes that Reflex has no prop for: `**attrs(data_open="slots")`."""
    return {"custom_attrs": {name.replace("_", "-"): value for name, value in values.items()}}


def css(**values: Any) -> dict[str, Any]:
    """Custom properties as a real style attribute: `**css(m=Row.start)` sets `--m`.

    Reflex's own `style=` writes a style sheet for every use.
    """
    own = {f"--{name}": value.to(str) if isinstance(value, Var) else str(value) for name, value in values.items()}
    # one Var for the whole attribute: Reflex does not look for the state of Vars inside a plain dict
    return {"custom_attrs": {"style": Var.create(own) if any(isinstance(v, Var) for v in own.values()) else own}}


def merge_attrs(props: dict[str, Any], **values: Any) -> dict[str, Any]:
    """`props` with further custom attributes; those already there win."""
    more = attrs(**values)["custom_attrs"]
    return {**props, "custom_attrs": {**more, **props.get("custom_attrs", {})}}


def sr(text: Text) -> rx.Component:
    """Words for screen readers only."""
    return el.span(text, class_name="sr")


def icon(name: Any, size: str = "", cls: Any = "", label: str = "") -> rx.Component:
    """A symbol of `/icons.svg`; `name` may be a Var. `size`: "", xs, s, l, xl. Decorative unless `label` is given."""
    sheet = f"/icons.svg?v={ASSET_VERSION}#"
    href = sheet + name if isinstance(name, str) else Var.create(sheet) + name
    role = {"role": "img", "aria-label": label} if label else {"aria-hidden": "true"}
    return el.svg(el.svg.use(href=href), class_name=cx("i", f"i-{size}" if size else "", cls), custom_attrs=role)


def href(to: Any) -> Any:
    """The address of a page of ours in the language that is being compiled."""
    if isinstance(to, Var):
        return Var.create("/en") + to if LOCALE.get() == "en" else to
    return localized_path(to)


def joined(*parts: Any) -> Any:
    """Text of strings and Vars; a plain string where there is no Var."""
    if not any(isinstance(part, Var) for part in parts):
        return "".join(str(part) for part in parts)
    whole: Any = Var.create("")
    for part in parts:
        whole += part
    return whole


def addressed(part: Var[str]) -> Var[bool]:
    """Whether the browser's own address, which the server hears of later, has `part` in it."""
    address = "typeof window === 'undefined' ? '' : window.location.href"
    return Var(f"({address}).includes({part})", _var_type=bool)


def link(*children: Child, to: Any, cls: Any = "", **props: Any) -> rx.Component:
    """A link inside the app; its code is fetched when the finger touches it."""
    props = merge_attrs(props, prefetch="intent")
    return _router_link(*children, to=href(to), class_name=cx(cls, props.pop("class_name", "")), **props)


class _PlainAnchor(BaseHTML):
    """`rx.el.a` is the router's link, which looks for a page of the app; this one leaves the way to the browser."""

    tag = "a"


def out_link(*children: Child, to: Any, cls: Any = "", **props: Any) -> rx.Component:
    """A plain anchor: other sites, `tel:`, downloads, pages that must load afresh."""
    return _PlainAnchor.create(*children, class_name=cls, **attrs(href=to, **props))


def btn(
    *children: Child,
    kind: str = "p",
    size: str = "",
    block: bool = False,
    cls: Any = "",
    busy: Any = None,
    **props: Any,
) -> rx.Component:
    """A button. `kind`: p primary, t tonal, o outline, g ghost, d danger; `size`: l 50 px, "" 44, s 34 (44 to touch).

    `busy` (a Var) shows a spinner and stops a second press.
    """
    names = cx("btn", f"btn-{kind}", f"btn-{size}" if size else "", "btn-b" if block else "", cls)
    props.setdefault("type", "button")
    if busy is not None:
        props = merge_attrs({**props, "disabled": busy}, **{"data-busy": rx.cond(busy, "1", "0")})
    return el.button(*children, class_name=names, **props)


def lbtn(
    *children: Child, to: Any, kind: str = "p", size: str = "", block: bool = False, cls: Any = ""
) -> rx.Component:
    """A link that looks like a button."""
    names = cx("btn", f"btn-{kind}", f"btn-{size}" if size else "", "btn-b" if block else "", cls)
    return link(*children, to=to, cls=names)


def ibtn(name: Any, label: Text, cls: Any = "", badge: Any = None, **props: Any) -> rx.Component:
    """A round 44 px icon button; `label` is its accessible name."""
    return el.button(icon(name), *_dot(badge), class_name=cx("ib", cls), type="button", aria_label=label, **props)


def ilink(name: Any, label: Text, to: Any, cls: Any = "", badge: Any = None) -> rx.Component:
    """`ibtn` that leads somewhere."""
    return link(icon(name), *_dot(badge), to=to, cls=cx("ib", cls), aria_label=label)


def _dot(badge: Any) -> list[rx.Component]:
    if badge is None:
        return []
    dot = el.span(class_name="dot", custom_attrs={"aria-hidden": "true", "data-n": badge})
    if isinstance(badge, Var):
        text = badge.to(str)
        return [rx.cond((text != "") & (text != "0"), dot, rx.fragment())]
    return [dot]


def price(figures: Text, suffix: Text = "", size: str = "", was: Text = None) -> rx.Component:
    """`figures` without the sign (`formats.amount`); `size`: "", l, xl; `was` is a struck list price, figures too."""
    tail = [el.i(suffix)] if isinstance(suffix, Var) or suffix else []
    body = el.span(el.small("¥"), el.span(figures), *tail, class_name=cx("price", f"price-{size}" if size else ""))
    if was is None:
        return body
    struck = el.s(sr(_("List price")), "¥", was, class_name="was")
    if isinstance(was, Var):
        struck = rx.cond(was.to(str) != "", struck, rx.fragment())
    return el.span(body, struck, class_name="row g6 base")


def money(text: Text, cls: Any = "") -> rx.Component:
    """A whole amount as written by `formats.yuan`, in figures that do not jump."""
    return el.span(text, class_name=cx("num", cls))


def tag(text: Text, tone: str = "", name: str = "") -> rx.Component:
    """A 20 px label. `tone`: "", b brand, a accent, r red, g green, i info, v violet, w amber, line; `name` an icon."""
    return el.span(*([icon(name, "xs")] if name else []), text, class_name=cx("tag", f"tag-{tone}" if tone else ""))


def pill(text: Text, tone: Any = "") -> rx.Component:
    """A dot and a word; `tone` (may be a Var): pay wait acc go arr srv conf done cancel after."""
    return el.span(text, class_name=cx("st", Var.create("st-") + tone if isinstance(tone, Var) else f"st-{tone}"))


def stars(score: Text, count: Text = None) -> rx.Component:
    """One star, the score, and how many reviews made it."""
    more = [el.span(count, class_name="mut f12 w4")] if count is not None else []
    return el.span(
        icon("star-f"),
        el.span(score, class_name="num"),
        *more,
        class_name="stars",
        role="img",
        aria_label=_("Rated {score}", score=score),
    )


def art(
    name: Any, width: int, height: int, alt: Text = "", cls: Any = "", lazy: bool = True, **props: Any
) -> rx.Component:
    """A drawing of `/art`; only the first picture of a page is not lazy."""
    src = f"/art/{name}.svg" if isinstance(name, str) else Var.create("/art/") + name + ".svg"
    return picture(src, width, height, alt, cls, lazy, **props)


def picture(
    src: Any, width: int, height: int, alt: Text = "", cls: Any = "", lazy: bool = True, **props: Any
) -> rx.Component:
    """An image with its size reserved."""
    loading = {"loading": "lazy"} if lazy else {"fetchPriority": "high"}
    size = {"width": str(width), "height": str(height), "decoding": "async", **loading}
    return el.img(src=src, alt=alt, class_name=cls, **merge_attrs(props, **size))


def avatar(name: Any, size: int = 40, alt: Text = "", cls: Any = "") -> rx.Component:
    """A round portrait: an art name such as `av-3`, or an address that begins with `/`."""
    if isinstance(name, Var):
        src: Any = rx.cond(name.to(str).startswith("/"), name, Var.create("/art/") + name.to(str) + ".svg")
        return picture(src, size, size, alt, cx("av", cls))
    return picture(name if name.startswith("/") else f"/art/{name}.svg", size, size, alt, cx("av", cls))


def card(*children: Child, cls: Any = "", pad: bool = True, **props: Any) -> rx.Component:
    """A white block; `pad=False` for rows that bring their own padding."""
    return el.div(*children, class_name=cx("card", "card-p" if pad else "", cls), **props)


def cell(
    icon_name: Any, title: Text, sub: Text = None, right: Child = "", to: Any = None, chevron: bool = True, **props: Any
) -> rx.Component:
    """A row of a card that is one button, or one link when `to` is given."""
    words = el.span(
        el.span(title, class_name="f15 w5"),
        *([el.span(sub, class_name="f12 mut cut")] if sub is not None else []),
        class_name="col g2 grow",
    )
    kids = [icon(icon_name, cls="brand"), words, right, icon("chevron-right", "s", "dim") if chevron else ""]
    if to is not None:
        return link(*kids, to=to, cls="cell", **props)
    return el.button(*kids, class_name="cell", type="button", **props)


def chip(text: Text, pressed: Any = None, **props: Any) -> rx.Component:
    """A filter; `pressed` (bool or Var) makes it a toggle."""
    if pressed is not None:
        props = {**props, "aria_pressed": rx.cond(pressed, "true", "false")}
    return el.button(text, class_name="chip", type="button", **props)


def seg(options: list[tuple[Text, Any, Any]], label: Text) -> rx.Component:
    """A segmented control: (text, is selected, on_click) each."""
    kids = [
        el.button(text, type="button", aria_pressed=rx.cond(on, "true", "false"), on_click=handler)
        for text, on, handler in options
    ]
    return el.div(*kids, class_name="seg", role="group", aria_label=label)


def row(*children: Child, cls: Any = "", **props: Any) -> rx.Component:
    return el.div(*children, class_name=cx("row", cls), **props)


def col(*children: Child, cls: Any = "", **props: Any) -> rx.Component:
    return el.div(*children, class_name=cx("col", cls), **props)


def hr() -> rx.Component:
    return el.div(class_name="hr")
