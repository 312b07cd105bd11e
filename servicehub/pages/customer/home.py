"""Home: where, search, categories, the coupon, rebook, what is free soonest, who is near."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import avatar, btn, el, icon, ilink, joined, lbtn, link, sr
from servicehub.components.customer import (
    category_grid,
    category_tile,
    customer_shell,
    promises,
    search_bar,
)
from servicehub.components.forms import group, radio_option
from servicehub.components.layout import (
    brand_name,
    empty,
    language_switch,
    opens,
    scroller,
    section,
    sheet,
    skeleton,
    theme_switch,
)
from servicehub.components.order import status_pill
from servicehub.pages.customer.parts import failed, rows, service_box, service_line, technician_box
from servicehub.pages.page import Page
from servicehub.state.customer.home import HomeState
from servicehub.texts import N_, _

CATEGORIES: tuple[tuple[str, str], ...] = (
    ("daily", N_("Cleaning")),
    ("deep", N_("Deep cleaning")),
    ("appliance", N_("Appliance cleaning")),
    ("care", N_("Home care")),
    ("repair", N_("Repairs")),
    ("massage", N_("Massage")),
)
"""Known while compiling, so that the first paint has them; the page of all services reads the catalogue."""
PROMISES: tuple[tuple[str, str], ...] = (
    ("shield-check", N_("ID verified")),
    ("badge-check", N_("Fixed price")),
    ("timer", N_("No-show compensation")),
    ("undo-2", N_("Free redo")),
)


def _header() -> rx.Component:
    """The place and the messages."""
    place = el.button(
        icon("pin-f", cls="brand"),
        sr(_("Service address")),
        el.span(
            rx.cond(HomeState.home.place.label != "", HomeState.home.place.label, _("Choose an area")),
            class_name="w7 f16 cut",
        ),
        icon("chevron-down", "s", "mut"),
        type="button",
        class_name="row g4 grow loc",
        **opens("place"),
    )
    bell = ilink(
        "bell",
        _("Messages"),
        "/messages/",
        badge=rx.cond(HomeState.home.unread > 0, HomeState.home.unread.to_string(), ""),
    )
    title = el.h1(_("{brand}: home services", brand=brand_name()), class_name="sr")
    return el.header(title, el.div(place, theme_switch(), bell, class_name="row home-b"), class_name="home-h")


def _hero() -> rx.Component:
    """The coupon for new customers, else the way to all services."""
    coupon = HomeState.home.hero
    claim = rx.cond(
        coupon.claimed,
        lbtn(_("Use it"), icon("arrow-right", "s"), to="/c/", size="s"),
        btn(_("Claim"), icon("arrow-right", "s"), size="s", on_click=HomeState.claim),
    )
    pic = el.img(
        src="/art/hero.svg",
        alt="",
        class_name="pic",
        custom_attrs={"width": "180", "height": "132", "fetchPriority": "high"},
    )
    welcome = rx.fragment(
        el.b(_("Help at your door from 40 minutes")),
        el.p(_("Fixed prices, verified people"), class_name="f14"),
        lbtn(_("Book now"), icon("arrow-right", "s"), to="/c/", size="s"),
    )
    offer = rx.fragment(el.b(coupon.title), el.p(coupon.line, class_name="f14"), claim)
    return el.section(pic, rx.cond(coupon.slug != "", offer, welcome), class_name="hero", aria_label=_("Offer"))


def _categories() -> rx.Component:
    tiles = [category_tile(f"cat-{slug}", _(name), f"/c/?c={slug}") for slug, name in CATEGORIES]
    tiles.append(category_tile("cat-more", _("All services"), "/c/"))
    tiles.append(category_tile("av-1", _("Technicians"), "/technicians/"))
    grid = category_grid(*tiles, label=_("Categories"), columns=4)
    return el.div(grid, promises(*[(name, _(word)) for name, word in PROMISES]), class_name="card home-c")


def _live() -> rx.Component:
    """The order that is under way."""
    home = HomeState.home
    words = el.span(
        el.span(home.live_text, class_name="f15 w6 cut"),
        el.span(_("Order progress"), class_name="f12 mut"),
        class_name="col g2 grow",
    )
    strip = link(
        icon("clipboard-list", "l", "brand"),
        words,
        status_pill(home.live_status, _("Open")),
        to=joined("/orders/", home.live, "/"),
        cls="card again",
    )
    return rx.cond(home.live != "", el.div(strip, class_name="pad sec"), rx.fragment())


def _again() -> rx.Component:
    """The last service once more."""
    last = HomeState.home.rebook
    words = el.span(
        el.span(last.title, class_name="f15 w6 cut"),
        el.span(last.sub, class_name="f12 mut cut"),
        class_name="col g2 grow",
    )
    strip = link(
        avatar(last.art, 44),
        words,
        el.span(_("Rebook"), class_name="btn btn-t btn-s"),
        to=joined("/book/?again=", last.no),
        cls="card again",
    )
    return rx.cond(last.no != "", el.div(strip, class_name="pad sec"), rx.fragment())


def _soonest() -> rx.Component:
    strip = rx.cond(
        HomeState.home.soonest.length() > 0,
        scroller(rx.foreach(HomeState.home.soonest, service_box), label=_("Soonest")),
        el.p(_("Everybody is busy today. Choose a service to see the next days."), class_name="f13 mut pad"),
    )
    return section(_("Soonest"), rx.cond(HomeState.ready, strip, _wait_strip()), more=_("From 40 minutes"), to="/c/")


def _wait_strip() -> rx.Component:
    one = el.div(
        el.div(class_name="sk ph"),
        el.div(el.div(class_name="sk sk-l"), el.div(class_name="sk sk-l sk-50"), class_name="bd col g8"),
        class_name="svc",
    )
    return scroller(one, one, one)


def _near() -> rx.Component:
    people = rx.cond(
        HomeState.home.technicians.length() > 0,
        scroller(rx.foreach(HomeState.home.technicians, technician_box), label=_("Nearby technicians")),
        empty(_("Nobody serves this area yet"), _("Choose another area"), btn(_("Choose an area"), **opens("place"))),
    )
    return section(
        _("Nearby technicians"), rx.cond(HomeState.ready, people, _wait_strip()), more=_("All"), to="/technicians/"
    )


def _popular() -> rx.Component:
    listed = rows(rx.foreach(HomeState.home.popular, service_line))
    body = el.div(rx.cond(HomeState.ready, listed, skeleton("list", 3)), class_name="pad")
    return section(_("Popular"), body, more=_("All services"), to="/c/")


def _place_sheet() -> rx.Component:
    """Addresses of the book, or a district for a first look."""
    areas = rx.foreach(
        HomeState.districts,
        lambda row: radio_option(
            "district",
            row.code,
            row.title,
            rx.cond(row.is_open, "", _("Opening soon")),
            disabled=~row.is_open,
            on_pick=HomeState.choose_district(row.code),
            key=row.code,
        ),
    )
    return sheet(
        "place",
        _("Choose an area"),
        lbtn(icon("map-pin", "s"), _("My addresses"), to="/me/addresses/", kind="t", block=True),
        el.h3(_("Areas"), class_name="f15 w7 mt"),
        group(_("Areas"), areas),
    )


def view() -> rx.Component:
    """The page."""
    body = rx.fragment(
        el.div(_hero(), class_name="pad"), _categories(), _live(), _again(), _soonest(), _near(), _popular(),
        el.div(language_switch(), link(_("Service rules"), to="/legal/service/", cls="f13 mut row tap"), class_name="row pad foot"),
    )  # fmt: skip
    search = search_bar(_("Search services and technicians"), _("Search"), "/search/")
    return customer_shell(
        search,
        rx.cond(HomeState.problem != "", failed(HomeState.problem), body),
        active="home",
        header=_header(),
        overlays=_place_sheet(),
        badges={"orders": HomeState.home.open_orders},
        cls="home",
    )


PAGE = Page(
    "/", view, N_("Home services"), HomeState.watch, N_("Cleaning, repairs and massage at your door, at fixed prices")
)
