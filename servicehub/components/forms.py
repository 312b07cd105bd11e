"""Form controls: a label that names them, a hint, and an error line that says how to mend it.

Controls are uncontrolled (`default_value`, `default_checked`): what a finger does shows at once, the State hears of it
afterwards. Owns markup and accessible wiring only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import reflex as rx
from reflex.vars import Var
from reflex_components_core.el.elements.base import BaseHTML

from servicehub.components.base import Child, Text, attrs, cx, el, ibtn, icon, merge_attrs, sr
from servicehub.texts import _


def field(
    id: str, label: Text, control: rx.Component, *, hint: Text = None, error: Any = None, optional: bool = False
) -> rx.Component:
    """A labelled control. `error` is a Var of a sentence, empty while all is well; the control's id must be `id`."""
    name = el.label(label, *([el.span(_("Optional"), class_name="mut f12 w4")] if optional else []), html_for=id)
    below = [el.p(hint, id=f"{id}-hint", class_name="f12 mut")] if hint is not None else []
    return el.div(name, control, *below, *error_line(id, error), class_name="fld")


def error_line(id: str, error: Any) -> list[rx.Component]:
    """The sentence under a control, announced when it appears."""
    if error is None:
        return []
    line = el.p(icon("circle-alert", "xs"), error, id=f"{id}-error", class_name="err", role="alert")
    return [rx.cond(error != "", line, rx.fragment())] if isinstance(error, Var) else [line]


def _described(id: str, hint: Any, error: Any) -> dict[str, Any]:
    ids = " ".join(f"{id}-{part}" for part, present in (("hint", hint), ("error", error)) if present is not None)
    extra: dict[str, Any] = {"aria-describedby": ids} if ids else {}
    if isinstance(error, Var):
        extra["aria-invalid"] = rx.cond(error != "", "true", "false")
    return extra


def text_input(
    id: str,
    label: Text,
    *,
    type: str = "text",
    hint: Text = None,
    error: Any = None,
    optional: bool = False,
    draft: str = "",
    cls: Any = "",
    **props: Any,
) -> rx.Component:
    """One line of text. `name` defaults to `id`; `draft` keeps what was typed in this browser under that key.

    Phones: `type="tel"`, `auto_complete="tel-national"`; codes: `auto_complete="one-time-code"`.
    """
    extra = _described(id, hint, error) | ({"data-draft": draft} if draft else {})
    props.setdefault("name", id)
    box = el.input(id=id, type=type, class_name=cx("inp", cls), **merge_attrs(props, **extra))
    return field(id, label, box, hint=hint, error=error, optional=optional)


def text_area(
    id: str,
    label: Text,
    *,
    hint: Text = None,
    error: Any = None,
    optional: bool = False,
    rows: int = 3,
    draft: str = "",
    **props: Any,
) -> rx.Component:
    """Several lines of text."""
    extra = _described(id, hint, error) | ({"data-draft": draft} if draft else {})
    props.setdefault("name", id)
    box = el.textarea(id=id, rows=str(rows), class_name="inp area", **merge_attrs(props, **extra))
    return field(id, label, box, hint=hint, error=error, optional=optional)


def select(
    id: str,
    label: Text,
    options: Any,
    *,
    hidden_label: bool = False,
    hint: Text = None,
    error: Any = None,
    **props: Any,
) -> rx.Component:
    """A native choice list. `options`: [(value, text)], or one `rx.foreach` of `option`s."""
    kids = [option(value, text) for value, text in options] if isinstance(options, list) else [options]
    props.setdefault("name", id)
    box = el.select(*kids, id=id, class_name="inp", **merge_attrs(props, **_described(id, hint, error)))
    wrapped = el.span(box, icon("chevron-down", "s"), class_name="sel")
    if hidden_label:
        return el.span(el.label(label, html_for=id, class_name="sr"), wrapped, class_name="sel-w")
    return field(id, label, wrapped, hint=hint, error=error)


def option(value: Any, text: Text, **props: Any) -> rx.Component:
    return el.option(text, value=value, **props)


def date_input(id: str, label: Text, *, error: Any = None, **props: Any) -> rx.Component:
    """The platform's own day picker; values are `2026-11-23`. `min`, `max`, `default_value`, `on_change`."""
    return text_input(id, label, type="date", error=error, **props)


def date_range(
    id: str, label: Text, *, start: Any = "", end: Any = "", on_start: Any = None, on_end: Any = None
) -> rx.Component:
    """Two days in one row of a filter bar."""
    first = el.input(
        type="date", id=f"{id}-from", default_value=start, on_change=on_start, class_name="inp", aria_label=_("From")
    )
    last = el.input(
        type="date", id=f"{id}-to", default_value=end, on_change=on_end, class_name="inp", aria_label=_("To")
    )
    return el.div(
        first, el.span("–", class_name="mut"), last, class_name="row g6 range", role="group", aria_label=label
    )


def radio_option(
    group: str,
    value: Any,
    title: Text,
    sub: Text = None,
    *,
    lead: Child = "",
    tail: Child = "",
    checked: Any = False,
    disabled: Any = False,
    on_pick: Any = None,
    key: Any = None,
) -> rx.Component:
    """A row with a tick. `on_pick` runs when it is chosen (bind the value: `on_pick=S.choose("auto")`).

    In a foreach whose data changes give `key` a value that changes with them, else the tick stays at its place.
    """
    words = el.span(
        el.span(title, class_name="f15 w6"),
        *([el.span(sub, class_name="f12 mut")] if sub is not None else []),
        class_name="col g2 grow",
    )
    box = _choice("radio", group, value, checked, disabled, on_pick)
    extra = {"key": key} if key is not None else {}
    return el.label(box, lead, words, tail, el.span(icon("check", "s"), class_name="tick"), class_name="opt", **extra)


def _choice(kind: str, group: str, value: Any, checked: Any, disabled: Any, on_pick: Any) -> rx.Component:
    handlers = {"on_change": lambda _value: on_pick} if on_pick is not None else {}
    return el.input(type=kind, name=group, value=value, default_checked=checked, disabled=disabled, **handlers)


def check_option(
    group: str,
    value: Any,
    title: Text,
    sub: Text = None,
    *,
    tail: Child = "",
    checked: Any = False,
    on_toggle: Any = None,
) -> rx.Component:
    """A row that may be ticked together with others: add-ons, checklists."""
    words = el.span(
        el.span(title, class_name="f15 w6"),
        *([el.span(sub, class_name="f12 mut")] if sub is not None else []),
        class_name="col g2 grow",
    )
    box = _choice("checkbox", group, value, checked, False, on_toggle)
    return el.label(box, words, tail, el.span(icon("check", "s"), class_name="tick sq"), class_name="opt")


def group(label: Text, *options: Child, cls: str = "col g8", role: str = "radiogroup") -> rx.Component:
    """A named set of options."""
    return el.div(*options, class_name=cls, role=role, aria_label=label)


def chips_input(
    name: str,
    label: Text,
    options: Iterable[tuple[Any, Text]],
    *,
    multiple: bool = True,
    checked: Callable[[Any], Any] | None = None,
    on_pick: Callable[[Any], Any] | None = None,
    seq: Any = "",
) -> rx.Component:
    """Tags to pick, sent with the form under `name`.

    `checked(value)` says whether a tag is chosen at first, `on_pick(value)` runs when it is. A `seq` that changes draws them anew.
    """
    kids = []
    for value, text in options:
        picked = {"on_change": lambda _value, value=value: on_pick(value)} if on_pick is not None else {}
        first = {"default_checked": checked(value)} if checked is not None else {}
        kind = "checkbox" if multiple else "radio"
        box = el.input(type=kind, name=name, value=str(value), class_name="sr", **first, **picked)
        kids.append(el.label(box, text, class_name="chip", key=f"{name}-{value}-" + seq))
    return group(label, *kids, cls="row g8 wrap", role="group" if multiple else "radiogroup")


def chip_option(name: str, value: Any, text: Text, *, multiple: bool = True, on_toggle: Any = None) -> rx.Component:
    """One chip of a group whose options come from a Var."""
    handlers = {"on_change": lambda _value: on_toggle} if on_toggle is not None else {}
    box = el.input(type="checkbox" if multiple else "radio", name=name, value=value, class_name="sr", **handlers)
    return el.label(box, text, class_name="chip", key=value)


def stepper(
    label: Text, value: Any, on_less: Any, on_more: Any, *, at_least: Any = 1, at_most: Any = 99
) -> rx.Component:
    """Minus, figure, plus; `value` is a Var of an int."""
    return el.div(
        ibtn("minus", _("Less"), on_click=on_less, disabled=value <= at_least),
        el.output(value, class_name="num f18", aria_live="polite"),
        ibtn("plus", _("More"), on_click=on_more, disabled=value >= at_most),
        class_name="stp",
        role="group",
        aria_label=label,
    )


def star_input(name: str, label: Text, on_pick: Any = None, *, checked: int = 0) -> rx.Component:
    """Five stars as radios; `on_pick(n)` is an event handler that takes the number."""
    kids: list[rx.Component] = []
    for n in (5, 4, 3, 2, 1):
        handlers = {"on_change": lambda _value, n=n: on_pick(n)} if on_pick is not None else {}
        box = el.input(
            type="radio",
            name=name,
            value=str(n),
            default_checked=n == checked,
            id=f"{name}-{n}",
            class_name="sr",
            **handlers,
        )
        kids += [box, el.label(icon("star-f", "xl"), sr(_("{n} stars", n=n)), html_for=f"{name}-{n}")]
    return el.fieldset(el.legend(label, class_name="sr"), *kids, class_name="star-in")


def switch(label: Text, on: Any, on_click: Any, cls: str = "") -> rx.Component:
    """An on/off switch; `on` is a Var."""
    return el.button(
        el.span(label),
        el.span(class_name="k"),
        type="button",
        role="switch",
        aria_checked=rx.cond(on, "true", "false"),
        on_click=on_click,
        class_name=cx("sw", cls),
    )


def search_box(
    id: str, label: Text, on_change: Any, *, placeholder: Text = "", default_value: Any = "", slash: bool = False
) -> rx.Component:
    """A search field; pass `S.search.debounce(250)`. `slash=True`: the key / focuses it."""
    extra = attrs(data_slash="") if slash else {}
    box = el.input(
        type="search",
        id=id,
        placeholder=placeholder,
        default_value=default_value,
        on_change=on_change,
        aria_label=label,
        class_name="inp",
        **extra,
    )
    return el.div(icon("search", "s"), box, class_name="sx")


class _PlainForm(BaseHTML):
    """`rx.el.form` always intercepts the submit; this one leaves it to the browser."""

    tag = "form"


def plain_form(
    *children: Child, action: str, id: str, cls: str = "", method: str = "post", **props: Any
) -> rx.Component:
    """A form that the browser sends by itself (log-in, log-out): the answer is a redirect with a cookie, or a page.

    Submit it from a handler by the effect `submit:ID`, or by its own submit button.
    """
    return _PlainForm.create(*children, id=id, class_name=cls, **attrs(action=action, method=method), **props)


def hidden(name: str, value: Any) -> rx.Component:
    return el.input(type="hidden", name=name, value=value, read_only=True)
