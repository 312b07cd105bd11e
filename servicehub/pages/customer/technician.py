"""A technician: certificates, rating, reviews, cases, services, next free times."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.base import avatar, card, el, icon, joined, lbtn, stars, tag
from servicehub.components.customer import customer_shell, service_row
from servicehub.components.layout import cta_bar, empty, navbar, section
from servicehub.components.order import photo, photo_grid
from servicehub.pages.customer.parts import loaded, rows
from servicehub.pages.customer.reviews import review
from servicehub.pages.page import Page
from servicehub.state.customer.technician import TechnicianState
from servicehub.texts import N_, _

D = TechnicianState.detail


def _head() -> rx.Component:
    name = el.div(el.h2(D.title, class_name="f20 w7"), tag(D.level, "a"), class_name="row g6")
    words = el.div(
        name,
        el.p(D.line, class_name="f13 mut"),
        el.div(stars(D.rating), el.span(D.review_count, class_name="f12 mut"), class_name="row g6"),
        rx.cond(D.served != "", tag(D.served, "b", "heart"), rx.fragment()),
        class_name="col g4 grow",
    )
    figures = el.dl(
        _figure(_("Jobs"), D.jobs),
        _figure(_("On-time rate"), D.on_time),
        _figure(_("Away"), D.distance),
        class_name="row fig3",
    )
    about = rx.cond(D.bio != "", el.p(D.bio, class_name="f14 ink2"), rx.fragment())
    return card(el.div(avatar(D.art, 72, D.title), words, class_name="row g12 top"), figures, about, cls="col g12")


def _figure(name: str, value: Any) -> rx.Component:
    return el.div(
        el.dt(name, class_name="f12 mut"),
        el.dd(rx.cond(value != "", value, "–"), class_name="num f16"),
        class_name="col g2 grow",
    )


def _certificates() -> rx.Component:
    listed = rx.foreach(
        D.certificates,
        lambda row: el.li(
            icon("badge-check", cls="c-ok"),
            el.span(row.title, class_name="f14 w5 grow"),
            el.span(row.until, class_name="f12 mut"),
            class_name="row g8 line",
            key=row.title,
        ),
    )
    none = el.p(_("No valid certificate on file"), class_name="f13 mut")
    body = rx.cond(D.certificates.length() > 0, el.ul(listed, class_name="col g8"), none)
    return card(el.h2(_("Certificates"), class_name="f16 w7"), body, cls="col g12")


def _free() -> rx.Component:
    listed = el.div(
        rx.foreach(D.free, lambda text: el.span(text, class_name="tag tag-b", key=text)), class_name="row g6 wrap"
    )
    none = el.p(_("Fully booked for the next days"), class_name="f13 mut")
    return card(
        el.h2(_("Next free times"), class_name="f16 w7"), rx.cond(D.free.length() > 0, listed, none), cls="col g12"
    )


def _service(row: Any) -> rx.Component:
    """Leads to the service with this technician already chosen."""
    to = joined("/s/", row.slug, "/?t=", D.id.to(str))
    return service_row(
        row.art, row.title, row.summary, row.rating, row.duration, row.price, to, suffix=row.suffix, key=row.slug
    )


def _cases() -> rx.Component:
    shown = photo_grid(rx.foreach(D.cases, lambda src: photo(src, _("Photo of the review"), key=src)), label=_("Cases"))
    return rx.cond(
        D.cases.length() > 0, card(el.h2(_("Cases"), class_name="f16 w7"), shown, cls="col g12"), rx.fragment()
    )


def _reviews() -> rx.Component:
    listed = el.div(rx.foreach(D.reviews, review), class_name="col g16")
    none = el.p(_("No review yet"), class_name="f13 mut")
    head = el.div(
        el.h2(_("Reviews"), class_name="f16 w7 grow"), el.span(D.review_count, class_name="f13 mut"), class_name="row"
    )
    return card(head, rx.cond(D.reviews.length() > 0, listed, none), cls="col g12")


def view() -> rx.Component:
    """The page."""
    offered = section(_("Services"), el.div(rows(rx.foreach(D.services, _service)), class_name="pad"), id="services")
    found = rx.fragment(
        el.div(_head(), _free(), _certificates(), class_name="stack"),
        offered,
        el.div(_cases(), _reviews(), class_name="stack"),
    )
    gone = empty(
        _("This technician does not take orders"),
        _("Look at others near you"),
        lbtn(_("Technicians"), to="/technicians/"),
    )
    bar = cta_bar(el.a(_("Book this technician"), href="#services", class_name="btn btn-p btn-l btn-b"))
    body = loaded(TechnicianState, rx.cond(TechnicianState.gone, gone, found))
    return customer_shell(body, header=navbar(_("Technician"), "/technicians/"), footer=bar)


PAGE = Page("/t/[technician]", view, N_("Technician"), TechnicianState.load)
