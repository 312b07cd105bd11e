"""Log-in of operators by name and password, posted as a plain form."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import art, btn, el
from servicehub.components.forms import hidden, plain_form, text_input
from servicehub.components.layout import brand_name, language_switch, theme_switch
from servicehub.pages.page import Page
from servicehub.state.login import OperatorLoginState
from servicehub.texts import LOCALE, N_, _


def _form() -> rx.Component:
    name = text_input("name", _("Log-in name"), auto_complete="username", required=True, max_length=64)
    password = text_input(
        "password",
        _("Password"),
        type="password",
        auto_complete="current-password",
        required=True,
        max_length=200,
        error=OperatorLoginState.problem,
    )
    fields = [hidden("next", OperatorLoginState.next_path), hidden("locale", LOCALE.get())]
    button = btn(_("Log in"), type="submit", size="l", block=True)
    return plain_form(name, password, *fields, button, action="/api/session/password", id="login", cls="col g16")


def view() -> rx.Component:
    """The page."""
    head = el.div(
        art("app-icon", 48, 48, lazy=False),
        el.h1(_("{brand} operations", brand=brand_name()), class_name="f20 w7"),
        class_name="row g12",
    )
    tools = el.div(language_switch(), theme_switch(), class_name="row g8")
    return el.main(el.div(head, _form(), tools, class_name="card card-p col g20"), id="main", class_name="login-box")


PAGE = Page("/operator/login/", view, N_("Operator log-in"), OperatorLoginState.open)
