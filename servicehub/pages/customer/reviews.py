"""One review as the pages of services and technicians show it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from servicehub.components.order import photo, photo_grid, review_card
from servicehub.texts import _


def review(row: Any) -> rx.Component:
    """A `ReviewCard` with its photos."""
    pictures = rx.cond(
        row.photos.length() > 0,
        photo_grid(rx.foreach(row.photos, lambda src: photo(src, _("Photo of the review"), key=src))),
        rx.fragment(),
    )
    text = rx.cond(row.text != "", row.text, row.tags)
    return review_card(row.author, row.art, row.stars, row.when, text, photos=pictures, key=row.id)
