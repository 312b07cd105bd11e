"""The page for addresses that lead nowhere, in both languages at once because the server cannot know which was meant."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import el
from servicehub.texts import HTML_LANG, LOCALES, N_, localized_path, say

TITLE = N_("Page not found")
_HOME = N_("Go to the home page")


def view() -> rx.Component:
    """Says so in each language and leads home."""
    words = [
        el.div(
            el.h1(say(locale, TITLE), class_name="f18 w6"),
            el.a(say(locale, _HOME), href=localized_path("/", locale), class_name="btn btn-p"),
            class_name=f"col g12 in-{locale}",
            lang=HTML_LANG[locale],
        )
        for locale in LOCALES
    ]
    return el.main(*words, class_name="empty", id="main")
