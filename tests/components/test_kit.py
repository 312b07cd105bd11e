"""The kit: accessible names, languages, pictures and icons that exist, files that stay small."""

from __future__ import annotations

import ast
import gzip
import json
import re
from pathlib import Path

import brotli
import pytest
import reflex as rx

from servicehub.components import base, customer, elements, forms, head, layout, operator, order, schedule, technician
from servicehub.domain.order import OrderStatus
from servicehub.texts import use_locale

PACKAGE = Path(base.__file__).resolve().parent.parent
ASSETS = PACKAGE.parent / "assets"
ICON_CALLS = {"icon", "ibtn", "ilink", "cell", "abtn", "alink"}
HEX = re.compile(r"--([\w-]+):(#[0-9A-Fa-f]{3,6})\b")


TEXT = rx.Var("text", _var_type=str).guess_type()
"""Stands for a Var of a page's State; a real State would join those of the application."""
COUNT = rx.Var("count", _var_type=int).guess_type()


def _html(component: rx.Component) -> str:
    return str(component)


def _icons() -> set[str]:
    return set(re.findall(r'<symbol id="([^"]+)"', (ASSETS / "icons.svg").read_text("utf-8")))


def test_icon_buttons_have_a_name() -> None:
    drawn = _html(base.ibtn("bell", "Messages", badge="3"))
    assert '"aria-label":"Messages"' in drawn
    assert '"data-n":"3"' in drawn


def test_a_decorative_icon_is_hidden_and_a_named_one_is_an_image() -> None:
    assert '"aria-hidden":"true"' in _html(base.icon("bell"))
    named = _html(base.icon("bell", label="Bell"))
    assert 'role:"img"' in named
    assert '"aria-label":"Bell"' in named


def test_every_icon_that_the_code_names_is_in_the_sprite() -> None:
    known = _icons()
    missing = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ICON_CALLS):
                continue
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and first.value and first.value not in known:
                missing.append(f"{path.relative_to(PACKAGE)}:{node.lineno} {first.value}")
    assert missing == []


def test_tabs_and_navigation_name_icons_of_the_sprite() -> None:
    named = {name for tabs in (customer.TABS, technician.TABS) for tab in tabs for name in tab[1:3]}
    named |= {name for _group, items in operator.NAV for _key, name, _label, _to in items}
    assert named <= _icons()


def test_links_carry_the_language_of_the_page() -> None:
    with use_locale("en"):
        assert 'to:"/en/orders"' in _html(base.link("Orders", to="/orders"))
        assert '"/en"' in _html(base.link("Order", to=rx.Var.create("/orders/") + TEXT))
    assert 'to:"/orders"' in _html(base.link("Orders", to="/orders"))


def test_words_of_the_kit_are_in_the_language_of_the_page() -> None:
    with use_locale("en"):
        assert '"Close"' in _html(layout.sheet("slots", "Choose a time"))
    assert "\\u5173\\u95ed" in _html(layout.sheet("slots", "Choose a time"))


def test_a_dialog_is_named_by_its_title() -> None:
    drawn = _html(layout.sheet("slots", "Choose a time", "body"))
    assert '"aria-labelledby":"slots-title"' in drawn
    assert 'id:"slots-title"' in drawn


def test_every_order_status_has_a_colour() -> None:
    styles = (ASSETS / "ui.css").read_text("utf-8")
    grey = {OrderStatus.CANCELLED, OrderStatus.EXPIRED}
    assert set(order.STATUS_TONES) == {status.value for status in OrderStatus}
    assert [s.value for s in OrderStatus if s not in grey and f".st-o-{s.value}" not in styles] == []


def test_a_field_is_tied_to_its_label_hint_and_error() -> None:
    drawn = _html(forms.text_input("phone", "Phone", hint="11 digits", error=TEXT))
    assert 'htmlFor:"phone"' in drawn
    assert '"aria-describedby":"phone-hint phone-error"' in drawn
    assert 'role:"alert"' in drawn


def test_a_plain_form_is_left_to_the_browser() -> None:
    drawn = _html(forms.plain_form(action="/api/session", id="login"))
    assert 'action:"/api/session"' in drawn
    assert "onSubmit" not in drawn


def test_custom_elements_keep_their_hyphen_out_of_javascript_names() -> None:
    drawn = elements.toast(TEXT, COUNT)
    assert drawn.tag == "toast"
    assert '"x-toast"' in _html(drawn)


def test_a_map_says_in_words_what_it_shows() -> None:
    assert '"aria-label":"Your pro is 1.2km away"' in _html(elements.live_map([], "Your pro is 1.2km away"))


def test_choices_are_uncontrolled() -> None:
    drawn = _html(forms.radio_option("tech", "auto", "Best match", checked=True, on_pick=rx.noop()))
    assert "defaultChecked:true" in drawn
    assert "checked:true" not in drawn.replace("defaultChecked:true", "")


def test_times_become_style_properties_without_style_sheets() -> None:
    drawn = _html(schedule.agenda_event(COUNT, 600, "Visit"))
    assert '["--m"] : count, ["--e"] : "600"' in drawn
    assert "css:" not in drawn


def test_another_brand_colour_makes_a_whole_ramp() -> None:
    made = dict(HEX.findall(head.brand_css("#8A2BE2").split(".dark")[0]))
    assert sorted(made) == ["b100", "b200", "b300", "b400", "b50", "b500", "b600", "b700", "b800"]
    assert made["b600"] == "#8A2BE2"


@pytest.mark.parametrize(("name", "limit"), [("ui.css", 10_000), ("operator.css", 5_000), ("icons.svg", 10_000)])
def test_styles_and_icons_stay_small(name: str, limit: int) -> None:
    assert len(brotli.compress((ASSETS / name).read_bytes())) <= limit


@pytest.mark.parametrize(("name", "limit"), [("ui.js", 7_000), ("map.js", 4_500), ("chart.js", 3_000)])
def test_scripts_stay_small_and_never_evaluate_text(name: str, limit: int) -> None:
    source = (ASSETS / name).read_text("utf-8")
    assert len(gzip.compress(source.encode(), 9)) <= limit
    assert re.search(r"\beval\(|new Function", source) is None


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(first: str, second: str) -> float:
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _tokens(theme: str) -> dict[str, str]:
    styles = (ASSETS / "ui.css").read_text("utf-8")
    light = dict(HEX.findall(styles[styles.index(":root{") : styles.index(".dark{")]))
    light |= {"pri": light["b600"], "pri-ink": light["b700"], "pri-soft2": light["b100"]}
    dark = styles[styles.index(".dark{") :]
    return light if theme == "light" else light | dict(HEX.findall(dark[: dark.index("}")]))


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("ink", "surface"),
        ("mut", "surface"),
        ("mut", "page"),
        ("on", "pri"),
        ("pri-ink", "pri-soft2"),
        ("price", "surface"),
    ]
    + [(tone, f"{tone}-s") for tone in ("ok", "warn", "bad", "info", "indigo", "violet")]
    + [("a700", "a50")],
)
def test_text_reads_on_its_ground(theme: str, ink: str, ground: str) -> None:
    tokens = _tokens(theme)
    assert _contrast(tokens[ink], tokens[ground]) >= 4.5


@pytest.mark.parametrize("name", ["manifest.webmanifest", "manifest.en.webmanifest"])
def test_the_app_of_technicians_can_be_installed(name: str) -> None:
    manifest = json.loads((ASSETS / name).read_text("utf-8"))
    assert manifest["scope"] == manifest["id"]
    assert manifest["start_url"].startswith(manifest["scope"] + "/")
    assert {icon["sizes"] for icon in manifest["icons"]} == {"192x192", "512x512"}
    assert [icon["src"] for icon in manifest["icons"] if not (ASSETS / icon["src"].lstrip("/")).is_file()] == []


def test_every_picture_is_small_and_self_contained() -> None:
    heavy = [path.name for path in (ASSETS / "art").iterdir() if path.stat().st_size > 10_000]
    linked = [path.name for path in (ASSETS / "art").glob("*.svg") if "href=" in path.read_text("utf-8")]
    assert (heavy, linked) == ([], [])


def test_a_way_out_is_the_browsers_not_the_routers() -> None:
    """The router would look for a page of the app, and a target that is no attribute opens nothing."""
    drawn = base.out_link("x", to="/api/file", cls="b", target="_blank", rel="noopener").render()
    assert drawn["name"] == '"a"'
    assert set(drawn["props"]) == {'className:"b"', 'href:"/api/file"', 'rel:"noopener"', 'target:"_blank"'}
