"""`/operator/settlement-mode/`: who is paid, what that means in law and here, how it is changed; shares and what was refused."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import attrs, btn, el, icon, link
from servicehub.components.layout import empty, modal, note, panel
from servicehub.components.operator import abtn, columns, page_head
from servicehub.components.tables import amount_td, table, th, two_lines
from servicehub.pages.operator.frame import frame, waiting_panel
from servicehub.pages.page import Page
from servicehub.state.operator.base import OperatorShellState
from servicehub.state.operator.settlement_mode import SettlementModeState
from servicehub.texts import N_, _

S = SettlementModeState
M = SettlementModeState.shown
SELF_OPERATED = (
    N_("The platform sells the visit: the customer's contract, invoice and payment are the platform's."),
    N_(
        "All money arrives in the platform's own account. Technicians are paid for their labour, and tax can be withheld."
    ),
    N_("Technicians withdraw what they have earned, once people have approved it."),
    N_("Refunds are paid by the platform, who claims the technician's part back."),
)
PARTNER = (
    N_(
        "The company that comes sells the visit: it is the merchant at the channel, and its money is never the platform's."
    ),
    N_("The platform claims its commission as a share, at least a minute after payment and at most 30 % of it."),
    N_("The rest is unfrozen for the company when the order is settled; 30 days after payment it is in any case."),
    N_(
        "Withdrawals are off, and the balance cannot pay: the company pays its technicians, and our books only mirror its money."
    ),
    N_("For a refund the platform first returns its part of the share, then the company's account pays the customer."),
)


def _mode(key: str, title: str, points: tuple[str, ...]) -> rx.Component:
    tag = rx.cond(M.mode == key, el.span(_("In force"), class_name="tag tag-g"), rx.fragment())
    listed = el.ul(
        *(el.li(icon("check", "s"), el.span(_(text)), class_name="row g8 f14 top") for text in points),
        class_name="panel-b col g8",
    )
    return panel(title, listed, tail=tag)


def _pairs(rows: rx.Var) -> rx.Component:
    return rx.foreach(
        rows,
        lambda line: el.div(
            el.span(line[0], class_name="mut"),
            el.span(line[1], class_name="num end"),
            class_name="row g12 f14",
            key=line[0],
        ),
    )


def _setup() -> rx.Component:
    faults = rx.foreach(M.faults, lambda text: note(text, "warn", "triangle-alert"))
    ready = note(_("Every open channel can divide payments."), "ok", "circle-check")
    rates = rx.cond(
        M.rates != "",
        note(
            _(
                "Commissions above 30 % of what was paid are cut to that when a partner's order is settled: {rates}",
                rates=M.rates,
            ),
            "warn",
            "percent",
        ),
        rx.fragment(),
    )
    return panel(
        _("What is set up"),
        el.div(
            el.span(_("Who receives the platform's share"), class_name="f13 w6"),
            _pairs(M.accounts),
            rx.cond(M.faults.length() > 0, faults, ready),
            rates,
            class_name="panel-b col g8",
        ),
    )


def _change() -> rx.Component:
    steps = (
        N_(
            "Let a lawyer and the channels agree: the contracts, the merchant accounts and the receivers have to exist first."
        ),
        N_("Pay out what technicians have earned: nothing can be withdrawn in partner mode."),
        N_("Set the variable and the receivers, look at the doctor's findings, and start the service again."),
        N_(
            "Nothing changes for orders that were paid before: an order keeps the mode in which it was paid to its end."
        ),
        N_(
            "A refund needs the merchant account that was paid: when the account changes too, wait until no order is open."
        ),
    )
    return panel(
        _("How it is changed"),
        el.div(
            el.p(_("The mode belongs to the deployment; no button changes it."), class_name="f14"),
            el.code("SERVICEHUB_SETTLEMENT_MODE=self_operated | partner", class_name="f13 no"),
            el.code("servicehub doctor", class_name="f13 no"),
            el.ol(
                *(
                    el.li(el.span(f"{n}.", class_name="num mut"), el.span(_(text)), class_name="row g8 f14 top")
                    for n, text in enumerate(steps, 1)
                ),
                class_name="col g4",
            ),
            _pairs(M.counts),
            class_name="panel-b col g8",
        ),
    )


def _row(r: rx.Var) -> rx.Component:
    again = rx.cond(
        r.may_retry,
        abtn("repeat", _("Try again"), primary=True, on_click=S.choose(r.no), **attrs(data_open="retry-share")),
        rx.fragment(),
    )
    tone = rx.cond(r.tone != "", "tag tag-" + r.tone, "tag")
    to = rx.Var.create("/operator/orders/") + r.order_no + "/"
    return el.tr(
        el.td(two_lines(link(r.order_no, to=to, cls="brand num"), r.kind)),
        amount_td(r.amount),
        el.td(r.channel, class_name="hide-m"),
        el.td(
            el.div(
                el.span(r.state_label, class_name=tone),
                el.span(r.note, class_name="f12 mut"),
                class_name="col g2 start",
            )
        ),
        el.td(again),
        key=r.no,
    )


def _shares() -> rx.Component:
    heads = [th(_("Order")), th(_("Amount"), "r"), th(_("Channel"), "hide-m"), th(_("State")), th("")]
    nothing = rx.cond(
        M.rows.length() == 0,
        empty(_("No shares yet"), _("Orders that are paid in partner mode appear here when they are settled.")),
        rx.fragment(),
    )
    waits = rx.cond(
        M.refused > 0,
        note(
            _("{n} were refused by their channel: mend the cause, then try again.", n=M.refused),
            "bad",
            "triangle-alert",
        ),
        rx.fragment(),
    )
    title = _("Shares and returns")
    return panel(
        title, el.div(waits, table(title, heads, rx.foreach(M.rows, _row), empty=nothing), class_name="col g8")
    )


def _retry() -> rx.Component:
    return modal(
        "retry-share",
        _("Try again"),
        el.div(
            el.p(S.chosen_words, class_name="f16 w6"),
            el.p(_("It is sent under a new number; the old one was refused for good."), class_name="f14 ink2"),
            el.div(
                btn(_("Keep"), kind="o", cls="grow", **attrs(data_close="")),
                btn(_("Try again"), cls="grow", on_click=S.retry),
                class_name="row g12",
            ),
            class_name="col g16",
        ),
    )


def view() -> rx.Component:
    """The page."""
    licence = note(
        _(
            "A platform that collects money for other merchants and lets technicians withdraw it settles payments for third "
            "parties, which needs a licensed partner. Self-operated is right only where the platform itself is the seller."
        ),
        "warn",
        "landmark",
    )
    body = el.div(
        licence,
        columns(
            _mode("self_operated", _("Self-operated"), SELF_OPERATED), _mode("partner", _("Partner"), PARTNER), kind="h"
        ),
        columns(_setup(), _change(), kind="h"),
        _shares(),
        class_name="col g16",
    )
    head = page_head(_("Settlement mode"), _("Who customers pay, what follows from it, and what the platform claims"))
    return frame(head, rx.cond(S.ready, body, waiting_panel()), active="settlement-mode", state=S, overlays=_retry())


PAGE = Page(
    "/operator/settlement-mode/", view, N_("Settlement mode"), [OperatorShellState.watch, S.watch],
    description=N_("Who customers pay, what that means, and the shares that the platform claims."),
)  # fmt: skip
