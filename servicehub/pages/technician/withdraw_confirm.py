"""The technician's yes to a transfer: WeChat's own sheet over this page, or a code that leads there."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import addressed, attrs, btn, card, el, icon, lbtn, out_link, price
from servicehub.components.elements import wechat_call
from servicehub.components.layout import empty, navbar, note
from servicehub.components.technician import technician_shell
from servicehub.pages.page import Page
from servicehub.pages.technician.parts import until_ready
from servicehub.state.technician.withdraw import ConfirmState as S
from servicehub.texts import N_, _

C = S.shown
BACK = "/technician/withdraw/"


def _here() -> rx.Component:
    """Inside WeChat, which asks by itself as soon as this is shown."""
    buttons = el.div(
        el.button(type="button", class_name="sr", on_click=S.done, **attrs(data_paid="")),
        el.button(type="button", class_name="sr", on_click=S.gave_up, **attrs(data_unpaid="")),
        class_name="sr",
        aria_hidden="true",
        hidden=True,
    )
    return el.div(
        el.p(_("Please take the money on WeChat's sheet"), class_name="f14", role="status"),
        wechat_call(S.params, "requestMerchantTransfer"),
        buttons,
        class_name="col g12 mid center",
    )


def _there() -> rx.Component:
    """In every other browser."""
    return el.div(
        el.img(
            src=S.picture, alt=_("Scan this code with WeChat to take the money"), width=240, height=240, class_name="qr"
        ),
        el.p(icon("scan-line", "s"), _("Scan this code with WeChat to take the money"), class_name="f14 w6 row g6"),
        el.p(
            _("On this phone: take a screenshot, and choose it in WeChat's scanner."),
            class_name="f13 mut",
        ),
        el.p(
            _("WeChat opens this page there; log in once more if it asks. This page goes on by itself."),
            class_name="f13 mut",
            role="status",
        ),
        class_name="col g12 mid center",
    )


def _waiting() -> rx.Component:
    demo = rx.cond(
        S.demo != "",
        out_link(icon("smartphone", "s"), _("Demo: confirm it here"), cls="btn btn-o", to=S.demo),
        rx.fragment(),
    )
    silent = note(_("WeChat does not answer at the moment. Please come back in a few minutes."), "warn")
    how = rx.cond(S.params != "", _here(), rx.cond(S.picture != "", _there(), silent))
    sheet = card(
        el.div(
            el.p(_("Withdrawal to your WeChat wallet"), class_name="f15 w6"),
            price(C.amount, size="xl"),
            el.p(_("Waits until {time}, then it comes back to your balance", time=C.until), class_name="f13 mut"),
            how,
            demo,
            class_name="col g12 mid center",
        )
    )
    undo = btn(_("Take the withdrawal back"), kind="g", block=True, on_click=S.take_back)
    return el.div(sheet, undo, class_name="stack")


def _ended() -> rx.Component:
    tone = rx.cond(C.tone != "", "tag tag-" + C.tone, "tag")
    sheet = card(
        el.div(
            price(C.amount, size="xl"),
            el.p(el.span(C.state_label, class_name=tone), role="status"),
            lbtn(_("Withdrawals"), to=BACK),
            class_name="col g12 mid center",
        )
    )
    return el.div(sheet, class_name="stack")


def view() -> rx.Component:
    """The page."""
    none = empty(
        _("No withdrawal waits for you"),
        _("What has to be confirmed in WeChat appears here."),
        lbtn(_("Withdrawals"), to=BACK),
    )
    body = rx.cond(C.waits, _waiting(), rx.cond(C.no != "", _ended(), none))
    return technician_shell(
        until_ready(S.ready & addressed(C.no), body),
        active="income",
        header=navbar(_("Confirm the withdrawal"), BACK),
    )


PAGE = Page("/technician/withdraw/confirm/", view, N_("Confirm the withdrawal"), S.watch)
