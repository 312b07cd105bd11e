"""Log-in of customers and technicians by phone and one-time code: ask for a code, then post it as a plain form."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import art, btn, el
from servicehub.components.customer import customer_shell
from servicehub.components.forms import hidden, plain_form, text_input
from servicehub.components.layout import brand_name, language_switch, navbar, note
from servicehub.pages.page import Page
from servicehub.state.login import LoginState
from servicehub.texts import LOCALE, N_, _


def _problem() -> rx.Component:
    line = el.p(LoginState.problem, class_name="err", role="alert")
    return rx.cond(LoginState.problem != "", line, rx.fragment())


def _ask() -> rx.Component:
    """Step one: the phone."""
    phone = text_input(
        "phone",
        _("Phone number"),
        type="tel",
        auto_complete="tel-national",
        input_mode="tel",
        required=True,
        max_length=20,
        default_value=LoginState.phone,
        hint=rx.cond(
            LoginState.is_technician,
            _("The number that you registered with us"),
            _("A new number gets an account by itself"),
        ),
    )
    button = btn(_("Get code"), type="submit", size="l", block=True)
    return el.form(phone, _problem(), button, on_submit=LoginState.request_code, id="ask", class_name="col g16")


def _answer() -> rx.Component:
    """Step two: the code, posted by the browser itself so that the answer can set the cookie."""
    code = text_input(
        "code",
        _("Verification code"),
        auto_complete="one-time-code",
        input_mode="numeric",
        pattern="[0-9]{6}",
        max_length=6,
        required=True,
        auto_focus=True,
        hint=_("Six digits, valid for {n} minutes", n=LoginState.valid_minutes),
    )
    fields = [
        hidden("phone", LoginState.phone),
        hidden("challenge", LoginState.challenge),
        hidden("next", LoginState.next_path),
        hidden("role", rx.cond(LoginState.is_technician, "technician", "customer")),
        hidden("locale", LOCALE.get()),
    ]
    again = el.div(
        btn(_("Send again"), kind="g", on_click=LoginState.resend),
        btn(_("Change number"), kind="g", on_click=LoginState.change_phone),
        class_name="row g8",
    )
    demo = rx.cond(LoginState.demo_text != "", note(LoginState.demo_text, "info", "message-circle"), rx.fragment())
    button = btn(_("Log in"), type="submit", size="l", block=True)
    return plain_form(
        demo, code, *fields, _problem(), button, again, action="/api/session/code", id="answer", cls="col g16"
    )


def _faces() -> rx.Component:
    """Customer or technician."""
    pairs = (
        (_("I am a customer"), "customer", ~LoginState.is_technician),
        (_("I am a technician"), "technician", LoginState.is_technician),
    )
    tabs = [
        el.button(
            text,
            type="button",
            class_name="chip",
            aria_pressed=rx.cond(chosen, "true", "false"),
            on_click=LoginState.choose(role),
        )
        for text, role, chosen in pairs
    ]
    return el.div(*tabs, class_name="row g8", role="group", aria_label=_("Log in as"))


def view() -> rx.Component:
    """The page."""
    head = el.div(art("app-icon", 64, 64, lazy=False), el.p(brand_name(), class_name="f20 w7"), class_name="col g8")
    steps = rx.cond(LoginState.challenge != "", _answer(), _ask())
    body = el.div(head, _faces(), steps, el.div(language_switch(), class_name="row"), class_name="pad col g20")
    return customer_shell(body, header=navbar(_("Log in"), "/"))


PAGE = Page("/login/", view, N_("Log in"), LoginState.open)
