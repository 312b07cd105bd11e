"""All pages of all faces, added to the application in both languages.

To add one: put a `Page` into `PAGES` of `pages/<face>/__init__.py`. Owns the list of lists, what surrounds every page (toast
and effects) and the rule that each page and language compiles into files of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

import reflex as rx

from servicehub.components import elements
from servicehub.pages import customer, login, missing, operator, technician
from servicehub.pages.operator import login as operator_login
from servicehub.pages.page import Page
from servicehub.settings import get_settings
from servicehub.state.base import ToastState
from servicehub.texts import LOCALES, Locale, localized_path, say, use_locale


def every_page() -> Iterator[Page]:
    """Every page once, in no language yet."""
    yield login.PAGE
    yield operator_login.PAGE
    yield from customer.PAGES
    yield from technician.PAGES
    yield from operator.PAGES


def register(app: rx.App) -> None:
    """Add each page at `/x` (Chinese) and `/en/x` (English)."""
    for page in every_page():
        for locale in LOCALES:
            _add(app, page, locale)
    app.add_page(missing.view, route="404", title=say("zh", missing.TITLE))


def _add(app: rx.App, page: Page, locale: Locale) -> None:
    app.add_page(
        in_language(page.view, locale),
        route=localized_path(page.route, locale).strip("/") or "index",
        title=f"{page.words(page.title, locale)} · {get_settings().brand_name}",
        description=page.words(page.description, locale) if page.description else None,
        on_load=page.on_load,
    )


def in_language(view: Callable[[], rx.Component], locale: Locale) -> Callable[[], rx.Component]:
    """`view` spoken in `locale`.

    Reflex writes one JavaScript file per Python module of the page function, loaded whole by every page that uses it: the
    module's name is made one per language, so that nobody loads a page's other language.
    """

    @functools.wraps(view)
    def speaking() -> rx.Component:
        with use_locale(locale):
            toast = elements.toast(ToastState.toast_text, ToastState.toast_seq, ToastState.toast_tone)
            effect = elements.effect(ToastState.effect_action, ToastState.effect_seq)
            return rx.fragment(view(), toast, effect)

    speaking.__module__ = f"{view.__module__}_{locale}"
    return speaking
