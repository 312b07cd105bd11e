"""What a page with a variable address shows until its code has arrived: boxes where the content will be."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import el
from servicehub.components.layout import skeleton


def view() -> rx.Component:
    """No words, because the file is one for both languages."""
    return el.div(el.header(class_name="nav"), skeleton("card", 4), class_name="m pad")
