"""The invoice of an order: its state, the form to ask for it, the file."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import btn, card, el, icon, joined, lbtn, out_link, price, tag
from servicehub.components.customer import customer_shell
from servicehub.components.forms import group, radio_option, text_input
from servicehub.components.layout import navbar, note
from servicehub.pages.customer.parts import loaded
from servicehub.pages.page import Page
from servicehub.state.customer.invoice import InvoiceState as S
from servicehub.texts import LOCALE, N_, _

I = S.shown  # noqa: E741 - the page is about one


def _head() -> rx.Component:
    state = rx.cond(I.state_label != "", tag(I.state_label), rx.fragment())
    return card(
        el.div(
            el.p(I.service, class_name="f15 w6"),
            price(I.amount, size="xl"),
            el.p(_("Paid and not given back, tips aside"), class_name="f12 mut"),
            state,
            el.p(I.note, class_name="f14 ink2", role="status"),
            class_name="col g8 mid center",
        )
    )


def _form() -> rx.Component:
    """For whom; kept drawn anew when another invoice is shown."""
    kinds = group(
        _("Whose name"),
        radio_option("kind", "person", _("A person"), checked=~S.is_company, on_pick=S.choose("person")),
        radio_option("kind", "company", _("A company"), checked=S.is_company, on_pick=S.choose("company")),
    )
    name = rx.cond(S.is_company, _("Company's full name"), _("Name"))
    number = rx.cond(
        S.is_company,
        text_input(
            "tax_no", _("Taxpayer number"), name="tax_no", required=True, max_length=18, default_value=I.tax_no,
            auto_capitalize="characters", hint=_("18 characters, as on the business licence"),
        ),
        rx.fragment(),
    )  # fmt: skip
    ask = rx.cond(I.state == "requested", _("Change"), _("Ask for the invoice"))
    return card(
        el.form(
            kinds,
            text_input("title", name, name="title", required=True, max_length=100, default_value=I.title),
            number,
            btn(ask, size="l", type="submit", block=True),
            on_submit=S.submit,
            class_name="col g16",
            key=I.no,
        )
    )


def _issued() -> rx.Component:
    stale = note(
        _("Money went back since. Please call us: this invoice is voided then, and you can ask again."), "warn"
    )
    facts = el.dl(
        el.div(el.dt(_("Name"), class_name="mut"), el.dd(I.title), class_name="row g12"),
        rx.cond(
            I.tax_no != "",
            el.div(
                el.dt(_("Taxpayer number"), class_name="mut"), el.dd(I.tax_no, class_name="num"), class_name="row g12"
            ),
            rx.fragment(),
        ),
        class_name="facts f14",
    )
    file = out_link(
        icon("download", "s"), _("Download the PDF"), cls="btn btn-p btn-l btn-b",
        to=joined("/api/invoices/", I.no, f".pdf?locale={LOCALE.get()}"),
    )  # fmt: skip
    return rx.fragment(rx.cond(I.is_stale, stale, rx.fragment()), card(facts), file)


def view() -> rx.Component:
    """The page."""
    back = lbtn(_("Order details"), to=joined("/orders/", I.order_no, "/"), kind="g")
    form = rx.cond(I.state == "early", rx.fragment(), _form())
    body = el.div(_head(), rx.cond(I.state == "issued", _issued(), form), back, class_name="stack")
    return customer_shell(loaded(S, body, of=S.shown.order_no), header=navbar(_("Invoice"), "/orders/"))


PAGE = Page("/orders/[order_no]/invoice", view, N_("Invoice"), S.watch)
