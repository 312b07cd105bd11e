"""Custom elements of `assets/ui.js` as components.

They are how the server reaches the page without running text as code: a Var changes an attribute, the element acts.
Owns tag and attribute names; behaviour and drawing are in the script.
"""

from __future__ import annotations

import json
from typing import Any

import reflex as rx
from reflex.vars import Var
from reflex_components_core.el.element import Element

from servicehub.components.base import Child, Text, attrs, el, icon, merge_attrs
from servicehub.settings import get_settings
from servicehub.texts import _


class _Custom(Element):
    """Reflex makes JavaScript names of `tag`, where a hyphen is illegal: keep it clean and render `x-<tag>`."""

    def _get_tag_name(self) -> str:
        return f'"x-{self.tag}"'


class _Ring(_Custom):
    tag = "ring"


class _Left(_Custom):
    tag = "left"


class _Spark(_Custom):
    tag = "spark"


class _Chart(_Custom):
    tag = "chart"


class _Board(_Custom):
    tag = "board"


class _Toast(_Custom):
    tag = "toast"


class _Effect(_Custom):
    tag = "effect"


class _WechatCall(_Custom):
    tag = "wechat"


class _Map(_Custom):
    tag = "map"


class _Position(_Custom):
    tag = "position"


class _Photo(_Custom):
    tag = "photo"


def _make(kind: type[_Custom], *children: Child, cls: Any = "", **values: Any) -> rx.Component:
    props = attrs(**{name: value for name, value in values.items() if value is not None})
    return kind.create(*children, **({"class_name": cls} if isinstance(cls, Var) or cls else {}), **props)


def as_json(value: Any) -> Any:
    """JSON text of a Python value; a Var must already hold such text."""
    return value if isinstance(value, (Var, str)) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def countdown_ring(left: Any, total: Any, label: Text = "") -> rx.Component:
    """60 px ring with seconds; at 0 it presses the page's `[data-expire]` button. `left` and `total` in seconds."""
    return _make(_Ring, left=left, total=total, label=label or _("{n} seconds left", n="%n"))


def countdown(left: Any, warn: Any = 120, expire: bool = False) -> rx.Component:
    """Live `mm:ss`, orange under `warn` seconds, counting up in red after 0.

    `expire` presses the page's `[data-expire]` button once at 0.
    """
    return _make(_Left, left=left, warn=warn, over=_("Overdue"), expire="1" if expire else None)


def elapsed(seconds: Any) -> rx.Component:
    """Counts up from `seconds`: how long a service has been running."""
    return _make(_Left, left=seconds, up="1")


def sparkline(data: Any, tone: Any = "ok") -> rx.Component:
    """`data` is comma separated numbers; `tone` ok or bad."""
    return _make(_Spark, data=data, tone=tone, aria_hidden="true")


def toast(text: Any, seq: Any, tone: Any = "", name: str = "toast") -> rx.Component:
    """Says `text` whenever `seq` changes. `tone`: "" or bad (stays longer). One per State, told apart by `name`."""
    return _make(_Toast, text=text, tone=tone, seq=seq, name=name)


def effect(action: Any, seq: Any, name: str = "effect") -> rx.Component:
    """Does `action` in the page whenever `seq` changes; several, separated by spaces, run in order.

    open:ID close:ID scroll:top scroll:ID focus:ID click:ID submit:FORM sound:offer sound:ok vibrate
    go:/path (loads it afresh) forget:DRAFT reload
    """
    return _make(_Effect, action=action, seq=seq, name=name)


def wechat_call(params: Any, call: str = "getBrandWCPayRequest") -> rx.Component:
    """Calls WeChat's browser with `params` (JSON), then presses the page's `[data-paid]` or `[data-unpaid]` button."""
    return _make(_WechatCall, call=call, params=params)


def drag_board(*children: Child) -> rx.Component:
    """Orders in it may be dragged onto lanes, see `assets/board.js`."""
    return _Board.create(*children)


def live_map(
    points: Any,
    label: Text,
    *,
    line: Any = None,
    areas: Any = None,
    picked: Any = None,
    fit: Any = "points",
    cls: Any = "",
    **values: Any,
) -> rx.Component:
    """A Leaflet map of the installation's city, on its tiles if it has any.

    All data is JSON text (or Python values while compiling), WGS-84 degrees.
    points: [{id, lat, lng, kind: tech|home|order|pin|dot, label, tone: ""|ok|warn|bad|off, art}]
    line: [[lat, lng], …]; areas: [{label, ring: [[lat, lng], …]}]
    picked: the id of the point that always shows its label; where there are many, the others show theirs when pointed at.
    fit: "points" follows them once, "always" on every change, "none" keeps the view.
    A click on a point presses the page's `[data-map-pick="ID"]` button. `label` says in words what the map shows.
    """
    return _make(
        _Map,
        cls=cls,
        points=as_json(points),
        line=as_json(line) if line is not None else None,
        areas=as_json(areas) if areas is not None else None,
        picked=picked,
        fit=fit,
        city=get_settings().city,
        tiles=get_settings().map_tiles or None,
        role="group",
        aria_label=label,
        zin=_("Zoom in"),
        zout=_("Zoom out"),
        **values,
    )


def position_watch(on: Any, url: str = "/api/technician/position") -> rx.Component:
    """While `on` is "1", posts {lat, lng, accuracy, at} to `url`, at most every 10 s or 40 m; presses nothing."""
    return _make(_Position, active=on, url=url)


def photo_input(
    label: Text,
    action: Any,
    on_uploaded: Any,
    *,
    fields: Any = None,
    name: str = "photo",
    capture: bool = False,
    **props: Any,
) -> rx.Component:
    """A picture is shrunk to 1600 px JPEG, posted as multipart field `file` to `action`, then `on_uploaded` runs.

    `fields` are further form fields as a query string (`order=…&kind=before`).
    """
    if capture:
        props = merge_attrs(props, capture="environment")
    field = el.input(type="file", accept="image/*", name=name, aria_label=label, class_name="photo-in", **props)
    return _make(
        _Photo,
        el.label(icon("camera", "l"), el.span(label, class_name="f12"), field, class_name="photo-l"),
        el.button(
            _("Uploaded"),
            type="button",
            on_click=on_uploaded,
            class_name="sr",
            tab_index=-1,
            **attrs(data_uploaded="", aria_hidden="true"),
        ),
        action=action,
        fields=fields,
        busy=_("Uploading"),
        done=_("Uploaded"),
        failed=_("Upload failed, please try again"),
        toobig=_("This picture cannot be read"),
    )
