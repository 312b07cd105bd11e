"""What wraps the whole app: the head's links, the brand's colour, the lost-connection bar, the last-resort page.

`app_wraps` and `head_components` are handed to `rx.App`; both languages are inside because they are compiled once.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import reflex as rx
from reflex.vars import Var
from reflex.vars.function import ArgsFunctionOperation
from reflex_components_core.base.error_boundary import ErrorBoundary
from reflex_components_core.core.banner import has_connection_errors

from servicehub.components.base import ASSET_VERSION, el, icon
from servicehub.settings import Settings
from servicehub.texts import HTML_LANG, LOCALES, N_, say

STYLESHEETS = ["/ui.css"]
DEFAULT_COLOUR = "#0B7D6C"
"""The brand colour that `ui.css` is written for."""


def head_components(settings: Settings) -> list[rx.Component]:
    """For `rx.App(head_components=…)`."""
    kids = [
        el.meta(name="viewport", content="width=device-width, initial-scale=1, viewport-fit=cover"),
        el.meta(name="theme-color", content=settings.brand_color),
        el.meta(name="format-detection", content="telephone=no"),
        el.link(
            rel="preload",
            href="/num.woff2",
            custom_attrs={"as": "font", "type": "font/woff2", "crossOrigin": ""},
        ),
        el.link(rel="apple-touch-icon", href="/art/icon-180.png"),
        el.link(rel="icon", href="/art/app-icon.svg", type="image/svg+xml"),
        el.script(src=f"/ui.js?v={ASSET_VERSION}", custom_attrs={"defer": True}),
    ]
    if settings.brand_color.upper() != DEFAULT_COLOUR:
        kids.append(el.style(brand_css(settings.brand_color)))
    return kids


def brand_css(colour: str) -> str:
    """The ramp of another brand colour: its hue and saturation at the lightness steps of the default one."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    hue, _light, saturation = colorsys.rgb_to_hls(red, green, blue)

    def at(light: float, share: float = 1.0) -> str:
        parts = colorsys.hls_to_rgb(hue, light, saturation * share)
        return "#" + "".join(f"{round(part * 255):02X}" for part in parts)

    light = {50: 0.95, 100: 0.91, 200: 0.8, 300: 0.65, 400: 0.48, 500: 0.33, 700: 0.21, 800: 0.17}
    ramp = "".join(f"--b{step}:{at(value, 0.9)};" for step, value in light.items())
    dark = f"--pri:{at(0.5, 0.7)};--pri-h:{at(0.58, 0.7)};--pri-ink:{at(0.65, 0.7)};--pri-soft:{at(0.13, 0.6)};"
    return f":root{{{ramp}--b600:{colour}}}.dark{{{dark}--pri-soft2:{at(0.16, 0.6)}}}"


def _both(msgid: str) -> list[rx.Component]:
    """The sentence in every language; the style sheet shows the page's."""
    return [el.span(say(locale, msgid), class_name=f"in-{locale}", lang=HTML_LANG[locale]) for locale in LOCALES]


def offline_bar() -> rx.Component:
    """In place of Reflex's English toast: no network (the browser knows), or the server is being reached again."""
    away = el.div(
        icon("wifi-off", "s"), *_both(N_("Poor connection, reconnecting")), class_name="netbar", role="status"
    )
    gone = el.div(
        icon("wifi-off", "s"),
        *_both(N_("You are offline, showing what was loaded")),
        class_name="netbar js",
        role="status",
    )
    return rx.cond(has_connection_errors, away, gone)


def error_boundary() -> rx.Component:
    """What a crash of the page shows; money and orders are safe on the server."""
    body = el.div(
        el.p(*_both(N_("Something went wrong on this page")), class_name="f18 w6"),
        el.p(*_both(N_("Please reload; your orders and payments are not affected")), class_name="mut f13"),
        el.a(*_both(N_("Reload")), href="", class_name="btn btn-p"),
        class_name="empty",
        role="alert",
    )
    return ErrorBoundary.create(fallback_render=ArgsFunctionOperation.create(("e",), Var.create(body)))


def app_wraps() -> dict[tuple[int, str], Callable[[bool], rx.Component | None]]:
    """For `rx.App(app_wraps=…)`."""
    bar = rx.memo(offline_bar)
    return {
        (55, "ErrorBoundary"): lambda _stateful: error_boundary(),
        (5, "Overlay"): lambda stateful: rx.fragment(bar()) if stateful else None,
    }
