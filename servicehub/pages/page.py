"""What a page is to the application: a route, a view, a title, what happens when it opens. Owns no page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import reflex as rx

from servicehub.texts import Locale, say


@dataclass(frozen=True, slots=True)
class Page:
    """One route. The view is run once per language, so it may use `_` freely.

    `route` is the Chinese address (`/orders/[order_no]`); the English one is made from it. `title` and `description` are message
    ids (`N_`), or data by language.
    `on_load` is a handler or a list of them.
    """

    route: str
    view: Callable[[], rx.Component]
    title: str | Mapping[Locale, str]
    on_load: Any = None
    description: str | Mapping[Locale, str] = ""

    def words(self, text: str | Mapping[Locale, str], locale: Locale) -> str:
        """`title` or `description` in a language."""
        return say(locale, text) if isinstance(text, str) else text[locale]
