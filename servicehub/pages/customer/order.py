"""One order: status sentence, steps, the way there on a map, service code, technician, timeline, price, payments, actions."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import btn, card, el, icon, joined, lbtn, link, picture, row
from servicehub.components.customer import customer_shell
from servicehub.components.elements import countdown, live_map
from servicehub.components.forms import hidden, plain_form, text_area
from servicehub.components.layout import confirm, cta_bar, expire_button, modal, navbar, note, opens, skeleton
from servicehub.components.order import (
    crew_list,
    photo,
    photo_grid,
    price_breakdown,
    price_line,
    start_code,
    status_pill,
    technician_card,
    timeline,
    timeline_item,
)
from servicehub.domain.payment import LEAST_TIP_FEN, MOST_TIP_FEN, TIPS_FEN
from servicehub.pages.customer.parts import loaded
from servicehub.pages.page import Page
from servicehub.state.customer.order import OrderState
from servicehub.texts import LOCALE, N_, _, formats, localized_path

D = OrderState.order
A = D.actions
HERE = joined("/orders/", D.no, "/")


def _map() -> rx.Component:
    """Between departure and arrival; the same stands in words below."""
    shown = live_map(
        D.track.points,
        joined(_("Position of the technician"), ": ", D.track.text),
        line=D.track.line,
        fit="always",
        cls="map",
    )
    return rx.cond(D.track.is_on, el.div(shown, class_name="map-w"), rx.fragment())


def _status() -> rx.Component:
    words = el.div(el.h2(D.sentence, class_name="f20 w7"), el.p(D.hint, class_name="f13 mut"), class_name="col g2 grow")
    left = rx.cond(
        D.seconds_left > 0,
        el.p(_("Please pay within"), " ", countdown(D.seconds_left, warn=180, expire=True), class_name="f14 ink2"),
        rx.fragment(),
    )
    late = rx.cond(D.late != "", note(D.late, "warn", "clock"), rx.fragment())
    told = rx.cond(D.guarantee != "", note(D.guarantee, "info", "wallet"), rx.fragment())
    seen = rx.cond(D.track.seen != "", el.p(D.track.seen, class_name="f12 c-warn"), rx.fragment())
    marks = el.ol(
        rx.foreach(D.steps, lambda step: el.li(step.title, class_name=step.state, key=step.title)),
        class_name="steps",
        aria_label=_("Order progress"),
    )
    top = el.div(words, status_pill(D.status, D.status_text), class_name="row top g8")
    return el.section(
        top,
        late,
        left,
        seen,
        told,
        rx.cond(D.steps.length() > 0, marks, rx.fragment()),
        class_name="card card-p col g12",
        aria_live="polite",
    )


def _technician() -> rx.Component:
    who = D.technician
    shown = technician_card(who.title, who.art, who.rating, who.jobs, badge=who.level, facts=who.facts)
    code = rx.cond(
        D.code != "",
        rx.fragment(el.div(class_name="hr"), start_code(D.code, _("Tell it to the technician at your door"))),
        rx.fragment(),
    )
    why = rx.cond(
        who.why != "", el.p(icon("user-check", "s", "brand"), who.why, class_name="row g6 f13 mut"), rx.fragment()
    )
    block = card(link(shown, to=joined("/t/", who.id.to(str), "/"), cls="plain-link"), why, code)
    only_code = rx.cond(
        D.code != "", card(start_code(D.code, _("Tell it to the technician at your door"))), rx.fragment()
    )
    return rx.cond(D.has_technician, block, only_code)


def _crew() -> rx.Component:
    """Who comes, when more than one does."""
    listed = card(el.h2(_("Who comes"), class_name="f16 w7"), crew_list(D.crew), cls="col g12")
    return rx.cond(D.crew.length() > 0, listed, rx.fragment())


def _what() -> rx.Component:
    head = el.div(
        picture(D.art, 64, 64, cls="th"),
        el.div(el.span(D.title, class_name="f16 w6"), el.span(D.facts, class_name="f13 mut"), class_name="col g2 grow"),
        class_name="row g12",
    )
    facts = el.dl(
        _fact("clock", _("Visit time"), D.when),
        _fact("map-pin", _("Address"), joined(D.area, " ", D.detail)),
        _fact("user", _("Contact"), D.contact),
        _fact("list-checks", _("Wishes"), D.requirements),
        _fact("notebook-pen", _("Note"), D.note),
        _fact("receipt-text", _("Order no."), D.no),
        class_name="facts f14",
    )
    return card(head, facts, cls="col g12")


def _fact(name: str, title: str, value: rx.Var[str]) -> rx.Component:
    line = el.div(el.dt(icon(name, "s", "dim"), title, class_name="mut row g6"), el.dd(value), class_name="row g12 top")
    return rx.cond(value != "", line, rx.fragment())


def _log() -> rx.Component:
    listed = rx.foreach(D.log, lambda item: timeline_item(item.title, item.sub, item.state, item.icon, key=item.id))
    return card(el.h2(_("Order progress"), class_name="f16 w7"), timeline(listed), cls="col g12")


def _money() -> rx.Component:
    lines = rx.foreach(
        D.lines, lambda item: price_line(item.title, item.amount, note=item.note, discount=item.is_discount)
    )
    paid = rx.foreach(
        D.payments,
        lambda item: el.div(
            el.div(
                el.span(item.title, class_name="f14"),
                el.span(item.sub, class_name="f12 mut"),
                class_name="col g2 grow",
            ),
            el.span(item.amount, class_name="num f14"),
            class_name="row",
            key=item.id,
        ),
    )
    payments = rx.fragment(el.h2(_("Payments"), class_name="f16 w7 mt"), el.div(paid, class_name="col g8"))
    return card(
        el.h2(_("Price"), class_name="f16 w7"),
        price_breakdown(lines, D.total),
        rx.cond(D.payments.length() > 0, payments, rx.fragment()),
    )


def _proposal() -> rx.Component:
    """What the technician proposes: it is done only if the customer says so."""
    p = D.proposal
    lines = rx.foreach(p.lines, lambda item: price_line(item.title, item.amount, note=item.note))
    longer = rx.cond(
        p.longer != "", el.p(icon("clock", "s", "mut"), p.longer, class_name="row g6 f13 mut"), rx.fragment()
    )
    how = rx.cond(
        p.at_once,
        _("You pay it now; only then it is done. If the visit ends before, you get your money back."),
        _("It is added to what you pay after the visit."),
    )
    later = btn(_("Add it"), cls="grow", on_click=OrderState.accept(p.id))
    pay = lbtn(
        _("Agree and pay {amount}", amount=p.amount), to=joined("/pay/?o=", D.no, "&addon=", p.id.to(str)), cls="grow"
    )
    no = btn(_("No, thank you"), kind="o", on_click=OrderState.decline(p.id))
    shown = card(
        el.h2(icon("plus", "s", "brand"), _("Your professional proposes an add-on"), class_name="f16 w7 row g6"),
        price_breakdown(lines, p.total), longer, el.p(how, class_name="f13 mut"),
        row(no, rx.cond(p.at_once, pay, later), cls="g8"),
        cls="col g12", id="proposal", role="status",
    )  # fmt: skip
    return rx.cond(p.id > 0, shown, rx.fragment())


def _tip() -> rx.Component:
    """Thanks beside the price, when the visit is over."""
    chosen = [
        lbtn(formats.yuan(fen), to=joined("/pay/?o=", D.no, f"&tip={fen}"), kind="o", size="s") for fen in TIPS_FEN
    ]
    least, most = LEAST_TIP_FEN // 100, MOST_TIP_FEN // 100
    other = el.input(
        type="number",
        name="yuan",
        id="tip-yuan",
        min=least,
        max=most,
        step=1,
        required=True,
        input_mode="numeric",
        placeholder=_("Another amount"),
        aria_label=_("Tip in yuan"),
        class_name="inp grow",
    )
    form = plain_form(
        hidden("o", D.no), other, btn(_("Tip"), type="submit", kind="o"),
        action=localized_path("/pay/", LOCALE.get()), id="tip", method="get", cls="row g8",
    )  # fmt: skip
    words = el.p(_("All of it goes to whoever came. It is your choice."), class_name="f13 mut")
    shown = card(
        el.h2(icon("heart", "s", "brand"), _("Say thanks with a tip"), class_name="f16 w7 row g6"),
        words, row(*chosen, cls="g8 wrap"), form, cls="col g12",
    )  # fmt: skip
    return rx.cond(D.can_tip, shown, rx.fragment())


def _photos() -> rx.Component:
    shown = photo_grid(rx.foreach(D.photos, lambda src: photo(src, _("Photo of the visit"), key=src)))
    return rx.cond(
        D.photos.length() > 0,
        card(el.h2(_("Photos of the visit"), class_name="f16 w7"), shown, cls="col g12"),
        rx.fragment(),
    )


def _more() -> rx.Component:
    """What the machine allows beside the main step."""
    kids = [
        (A.reschedule, lbtn(icon("calendar", "s"), _("Reschedule"), to=joined(HERE, "reschedule/"), kind="o")),
        (A.rebook, lbtn(icon("undo-2", "s"), _("Rebook"), to=joined("/book/?again=", D.no), kind="o")),
        (D.has_invoice, lbtn(icon("receipt-text", "s"), _("Invoice"), to=joined(HERE, "invoice/"), kind="o")),
        (A.dispute, btn(icon("headset", "s"), _("After-sales"), kind="o", **opens("dispute"))),
        (A.cancel, lbtn(icon("x", "s"), _("Cancel order"), to=joined(HERE, "cancel/"), kind="g")),
    ]
    return row(*[rx.cond(allowed, button, rx.fragment()) for allowed, button in kids], cls="g8 wrap mid")


def _main() -> rx.Component:
    """The one step that is the customer's now."""
    pay = lbtn(_("Pay {amount}", amount=D.due_text), to=joined("/pay/?o=", D.no), size="l", block=True)
    balance = lbtn(_("Pay the balance {amount}", amount=D.due_text), to=joined("/pay/?o=", D.no), size="l", block=True)
    done = btn(_("Confirm completion"), size="l", block=True, **opens("done"))
    review = lbtn(_("Write a review"), to=joined(HERE, "review/"), size="l", block=True)
    agree = lbtn(_("Give the guarantee"), to=joined("/pay/?o=", D.no), size="l", block=True)
    first = rx.cond(D.secures, agree, pay)
    bar = rx.cond(A.pay, first, rx.cond(A.pay_balance, balance, rx.cond(A.confirm, done, review)))
    return rx.cond(A.pay | A.pay_balance | A.confirm | A.review, cta_bar(bar), rx.fragment())


def _dialogs() -> rx.Component:
    agree = confirm(
        "done",
        _("Confirm completion"),
        _("The technician is paid then. Warranty and after-sales stay."),
        _("Confirm"),
        OrderState.confirm,
        kind="p",
    )
    form = el.form(
        text_area("reason", _("What went wrong?"), rows=4, required=True, max_length=200),
        btn(_("Submit"), type="submit", block=True),
        on_submit=OrderState.dispute,
        class_name="col g12",
    )
    return rx.fragment(agree, modal("dispute", _("After-sales"), form), expire_button(OrderState.show))


def view() -> rx.Component:
    """The page."""
    body = el.div(
        _map(),
        _status(),
        _proposal(),
        _technician(),
        _crew(),
        _tip(),
        _what(),
        _photos(),
        _log(),
        _money(),
        _more(),
        class_name="stack",
    )
    wait = el.div(skeleton("card", 3), class_name="pad")
    return customer_shell(
        loaded(OrderState, body, wait=wait, of=OrderState.order.no),
        header=navbar(_("Order details"), "/orders/"),
        footer=_main(),
        overlays=_dialogs(),
    )


PAGE = Page("/orders/[order_no]", view, N_("Order details"), OrderState.watch)
