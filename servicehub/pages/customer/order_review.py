"""A review: stars, tags, words, photos."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import avatar, btn, card, el, joined, lbtn
from servicehub.components.customer import customer_shell
from servicehub.components.elements import photo_input
from servicehub.components.forms import star_input, text_area
from servicehub.components.layout import empty, navbar
from servicehub.components.order import photo, photo_grid
from servicehub.pages.customer.parts import loaded
from servicehub.pages.page import Page
from servicehub.state.customer.change import REVIEW_TAGS, ReviewState
from servicehub.texts import N_, _

F = ReviewState.form


def _form() -> rx.Component:
    tags = [
        el.label(el.input(type="checkbox", name=f"tag-{key}", class_name="sr"), _(word), class_name="chip")
        for key, word in REVIEW_TAGS.items()
    ]
    photos = el.div(
        photo_grid(rx.foreach(F.photos, lambda src: photo(src, _("Photo of the review"), key=src))),
        photo_input(_("Add a photo"), joined("/api/photos?kind=review&order=", F.no), ReviewState.photo_added),
        class_name="col g8",
    )
    who = el.div(
        avatar(F.art, 52),
        el.div(el.h2(F.technician, class_name="f16 w6"), el.span(F.title, class_name="f13 mut"), class_name="col g2"),
        class_name="row g12",
    )
    return el.form(
        card(who, star_input("stars", _("Your rating"), ReviewState.rate, checked=5), cls="col g12"),
        card(
            el.div(*tags, class_name="row g8 wrap", role="group", aria_label=_("What was it like?")),
            text_area("text", _("Your review"), optional=True, rows=4, max_length=500, draft="review"),
            photos,
            cls="col g16",
        ),
        btn(_("Publish review"), size="l", type="submit", block=True),
        on_submit=ReviewState.submit,
        class_name="stack",
    )


def view() -> rx.Component:
    """The page."""
    back = lbtn(_("Order details"), to=joined("/orders/", F.no, "/"))
    done = empty(_("Thank you for your review"), _("Every order is reviewed once"), back)
    early = empty(_("Not yet"), _("You can review an order when it is completed"), back)
    body = rx.cond(F.may, _form(), rx.cond(F.done, done, early))
    return customer_shell(loaded(ReviewState, body, of=F.no), header=navbar(_("Write a review"), "/orders/"))


PAGE = Page("/orders/[order_no]/review", view, N_("Write a review"), ReviewState.load)
