"""What every face shows of an order: status, steps, timeline, price lines, the technician, the start code.

Owns which colour a status wears and in which order things stand; words come from the callers' catalogues.
"""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.vars import Var

from servicehub.components.base import Child, Text, avatar, cx, el, icon, pill, price, sr, stars
from servicehub.texts import _

STATUS_TONES: dict[str, str] = {
    "pending_payment": "pay",
    "matching": "wait",
    "assigned": "wait",
    "accepted": "acc",
    "en_route": "go",
    "arrived": "arr",
    "in_service": "srv",
    "awaiting_balance": "pay",
    "awaiting_confirm": "conf",
    "completed": "done",
    "closed": "done",
    "disputed": "after",
    "cancelled": "cancel",
    "expired": "cancel",
}


def status_pill(code: Any, label: Text) -> rx.Component:
    """The order's status; the class is the code, so that a Var needs no match in the browser."""
    if isinstance(code, Var):
        return el.span(label, class_name=Var.create("st st-o-") + code.to(str))
    return pill(label, STATUS_TONES.get(code, "cancel"))


def steps(items: list[tuple[Text, Any]], label: Text) -> rx.Component:
    """Horizontal phases: (name, "ok" | "now" | "" or a Var of it)."""
    return el.ol(*[el.li(name, class_name=state) for name, state in items], class_name="steps", aria_label=label)


def timeline(*items: Child) -> rx.Component:
    """`timeline_item`s, or one `rx.foreach` of them; newest first for customers."""
    return el.ol(*items, class_name="tl")


def timeline_item(title: Text, sub: Text, state: Any = "ok", name: Any = "check", key: Any = None) -> rx.Component:
    """`state`: ok (done), now, or "" (to come)."""
    words = el.div(el.span(title, class_name="f15 w6 t"), el.span(sub, class_name="f12 mut"), class_name="col g2")
    extra = {"key": key} if key is not None else {}
    return el.li(el.span(icon(name), class_name="n"), words, class_name=state, **extra)


def price_line(name: Text, amount: Text, *, note: Text = None, discount: Any = False) -> rx.Component:
    """One line of a price; `amount` as written by `formats.yuan`. `discount` (bool or Var) colours it."""
    tone = (
        rx.cond(discount, "end num c-bad", "end num")
        if isinstance(discount, Var)
        else cx("end num", discount and "c-bad")
    )
    words = el.span(
        name, *([el.span(note, class_name="f12 mut")] if note is not None else []), class_name="col g0 ink2"
    )
    return el.div(words, el.span(amount, class_name=tone), class_name="row f14 pl")


def price_breakdown(lines: Any, total: Text, *, total_label: Text = "", saved: Text = None) -> rx.Component:
    """`lines`: `price_line`s in a list or one `rx.foreach`; `total` is figures without the sign."""
    kids = lines if isinstance(lines, list) else [lines]
    less = [el.span(saved, class_name="f12 c-bad")] if saved is not None else []
    foot = el.div(
        *less,
        el.span(total_label or _("Total"), class_name="end mut f13"),
        price(total, size="l"),
        class_name="row base",
    )
    return el.div(*kids, el.div(class_name="hr"), foot, class_name="price-b")


def technician_card(
    name: Text,
    art: Any,
    score: Text,
    jobs: Text,
    *,
    badge: Text = None,
    facts: Text = None,
    actions: list[rx.Component] | None = None,
) -> rx.Component:
    """Portrait, name, score, what was checked, and round action buttons (message, call)."""
    title = el.div(
        el.span(name, class_name="f16 w6"),
        *([el.span(badge, class_name="tag tag-a")] if badge is not None else []),
        class_name="row g6",
    )
    words = el.div(
        title,
        el.div(stars(score), el.span(jobs, class_name="f12 mut cut"), class_name="row g6"),
        *([el.span(facts, class_name="f12 mut cut")] if facts is not None else []),
        class_name="col g2 grow",
    )
    return el.div(avatar(art, 52), words, *(actions or []), class_name="row g12")


def crew_list(mates: Any) -> rx.Component:
    """Everybody of a visit of several people: portrait or a gap, name or that one is looked for, role and status."""

    def one(mate: Any) -> rx.Component:
        name = rx.cond(
            mate.name != "", mate.name, rx.cond(mate.state == "missing", _("Missing"), _("Being looked for"))
        )
        named = rx.cond(
            mate.link != "", el.a(name, href=mate.link, class_name="brand w6 f14"), el.span(name, class_name="w6 f14")
        )
        gap = el.span(icon("user", "s", "dim"), class_name="av gap", aria_hidden="true")
        return el.li(
            rx.cond(mate.art != "", avatar(mate.art, 36), gap),
            el.div(named, el.span(mate.role, class_name="f12 mut"), class_name="col g0 grow"),
            el.span(mate.state_text, class_name=rx.cond(mate.state == "missing", "f13 c-warn", "f13 mut")),
            class_name="row g12",
            key=mate.key,
        )

    return el.ul(rx.foreach(mates, one), class_name="col g12 plain", aria_label=_("Crew"))


def start_code(code: Text, hint: Text, label: Text = "") -> rx.Component:
    """The four digits that the customer shows at the door, spelled out for screen readers."""
    figures = el.span(code, class_name="num f24 code")
    return el.div(
        el.div(el.span(label or _("Service code"), class_name="f12 mut"), figures, class_name="col g0 grow"),
        el.span(hint, class_name="f12 mut code-h"),
        class_name="row",
    )


def review_card(
    author: Text,
    art: Any,
    score: Text,
    when: Text,
    text: Text,
    *,
    photos: Child = "",
    reply: Text = None,
    key: Any = None,
) -> rx.Component:
    """One review; author already masked."""
    head = el.div(
        el.span(author, class_name="f14 w6"), stars(score), el.span(when, class_name="f12 mut end"), class_name="row"
    )
    answer = [el.p(sr(_("Reply")), reply, class_name="f13 reply")] if reply is not None else []
    body = el.div(head, el.p(text, class_name="f14 ink2"), photos, *answer, class_name="col grow")
    extra = {"key": key} if key is not None else {}
    return el.article(avatar(art, 36), body, class_name="row top g12 rev", **extra)


def photo_grid(*pictures: Child, label: Text = "") -> rx.Component:
    """Square thumbnails (`photo`), three in a row, or one `rx.foreach` of them."""
    return el.div(*pictures, class_name="pgrid", role="group", aria_label=label or _("Photos"))


def photo(src: Any, alt: Text, key: Any = None) -> rx.Component:
    extra = {"key": key} if key is not None else {}
    picture = el.img(src=src, alt=alt, custom_attrs={"loading": "lazy", "decoding": "async"})
    return el.a(picture, href=src, target="_blank", rel="noopener", **extra)
