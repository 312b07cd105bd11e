"""Review of an order before it is placed: where, when, who, wishes, coupon, every line of the price, the rules."""

from __future__ import annotations

import reflex as rx

from servicehub.components.base import btn, card, cell, el, icon, joined, lbtn, link, picture, price
from servicehub.components.customer import customer_shell
from servicehub.components.forms import chips_input, group, radio_option, text_area
from servicehub.components.layout import cta_bar, empty, navbar, note, opens, sheet
from servicehub.components.order import price_breakdown, price_line
from servicehub.pages.customer.parts import loaded
from servicehub.pages.customer.slot_sheet import gender_chips, slot_sheet
from servicehub.pages.page import Page
from servicehub.state.customer.booking import REQUIREMENTS, BookState
from servicehub.state.customer.slots import SlotState
from servicehub.texts import N_, _

S = BookState.summary


def _where() -> rx.Component:
    """The address, the time, the technician."""
    mine = rx.foreach(
        BookState.addresses,
        lambda row: rx.cond(
            row.id == BookState.address,
            cell("map-pin", joined(row.area, " ", row.detail), row.contact, **opens("addresses")),
            rx.fragment(),
        ),
    )
    add = cell("map-pin", _("Add an address"), _("So that we know where to come"), to="/me/addresses/?new=1")
    stranger = cell(
        "map-pin", _("Log in to choose an address"), _("You come back here afterwards"), to="/login/?next=/book/"
    )
    place = rx.cond(BookState.address > 0, rx.fragment(mine), rx.cond(BookState.is_known, add, stranger))
    when = cell("clock", rx.cond(S.when != "", S.when, _("Choose a time")), S.ends, **opens("slots"))
    asked = rx.cond(BookState.technician != "", BookState.technician, _("Best match"))
    who = cell("user-check", asked, _("You see profile and position after acceptance"), **opens("slots"))
    return el.div(place, when, who, class_name="card")


def _pace() -> rx.Component:
    """As soon as possible, or at a time."""
    return chips_input(
        "pace",
        _("When"),
        [("slot", _("At a time")), ("now", _("As soon as possible"))],
        multiple=False,
        checked=lambda pace: BookState.is_now if pace == "now" else ~BookState.is_now,
        on_pick=BookState.pick_when,
        seq=BookState.seq.to(str),
    )


FLEXIBLE: tuple[tuple[int, str], ...] = (
    (0, N_("Exactly then")),
    (60, N_("Up to 1 h later")),
    (120, N_("Up to 2 h later")),
    (240, N_("Up to 4 h later")),
)


def _flexible() -> rx.Component:
    """How exact the time is, for visits that are planned ahead."""
    chips = chips_input(
        "flexible",
        _("May begin later"),
        [(minutes, _(word)) for minutes, word in FLEXIBLE],
        multiple=False,
        checked=lambda minutes: BookState.flexible == minutes,
        on_pick=BookState.pick_flexible,
        seq=BookState.seq.to(str),
    )
    why = el.p(
        _("A window helps us to plan shorter ways. You hear the exact time as soon as your technician is settled."),
        class_name="f12 mut",
    )
    return rx.cond(BookState.may_flex, el.div(chips, why, class_name="col g6"), rx.fragment())


def _wishes() -> rx.Component:
    """Requirements, gender, note."""
    wishes = chips_input(
        "wish",
        _("Wishes"),
        [(key, _(word)) for key, word in REQUIREMENTS.items()],
        checked=BookState.requirements.contains,
        on_pick=lambda key: BookState.wish(key, ~BookState.requirements.contains(key)),
        seq=BookState.seq.to(str),
    )
    words = text_area(
        "note",
        _("Note for the technician"),
        optional=True,
        rows=2,
        draft="note",
        placeholder=_("Such as: the cat is shy, please ring twice"),
        max_length=200,
        on_blur=BookState.write_note,
    )
    return card(
        el.h2(_("When"), class_name="f16 w7"),
        _pace(),
        _flexible(),
        el.h2(_("Wishes"), class_name="f16 w7"),
        wishes,
        gender_chips("gender", BookState.pick_gender),
        words,
        cls="col g12",
    )


def _price() -> rx.Component:
    """What is bought, every line, the total."""
    head = el.div(
        picture(S.art, 64, 64, cls="th"),
        el.div(el.h2(S.title, class_name="f16 w6"), el.span(S.facts, class_name="f13 mut"), class_name="col g2 grow"),
        class_name="row g12",
    )
    lines = rx.foreach(S.lines, lambda row: price_line(row.title, row.amount, note=row.note, discount=row.is_discount))
    due = rx.cond(S.due_note != "", el.div(note(S.due_note, "info", "wallet"), class_name="mt"), rx.fragment())
    return card(head, el.div(class_name="hr"), price_breakdown(lines, S.total, saved=S.saved), due)


GUARANTEES: tuple[tuple[str, str, str, str], ...] = (
    (
        "wechat",
        N_("WeChat Pay score · pay afterwards"),
        N_("Nothing is frozen. WeChat takes the price by itself when the visit is done."),
        "message-circle",
    ),
    (
        "alipay",
        N_("Alipay · amount frozen"),
        N_("The price is frozen in your Alipay, taken when the visit is done, and the rest is given back at once."),
        "wallet",
    ),
    (
        "card",
        N_("Card · amount authorised"),
        N_(
            "The price is authorised on your card for seven days, taken when the visit is done, and the rest is given back at once."
        ),
        "credit-card",
    ),
)


def _guarantee() -> rx.Component:
    """How a payment after the service is secured, where that can be chosen."""
    seq = BookState.seq.to(str)
    options = [
        rx.cond(
            BookState.guarantees.contains(key),
            radio_option(
                "guarantee",
                key,
                _(word),
                _(what),
                lead=icon(name, "l"),
                checked=BookState.guarantee == key,
                on_pick=BookState.pick_guarantee(key),
                key=joined(key, "-", seq),
            ),
            rx.fragment(),
        )
        for key, word, what, name in GUARANTEES
    ]
    none = radio_option(
        "guarantee",
        "none",
        _("On trust"),
        _("You pay by yourself after the visit, as far as your credit goes."),
        lead=icon("receipt-text", "l"),
        checked=BookState.guarantee == "",
        on_pick=BookState.pick_guarantee("none"),
        key=joined("none-", seq),
    )
    shown = card(
        el.h2(_("Paying after the service"), class_name="f16 w7"),
        group(_("Paying after the service"), none, *options),
        el.p(_("Nothing is charged before the visit. Cancelling in time costs nothing."), class_name="f12 mut"),
        cls="col g12",
    )
    return rx.cond(BookState.guarantees.length() > 0, shown, rx.fragment())


def _coupon() -> rx.Component:
    chosen = rx.cond(S.saved != "", S.saved, _("None chosen"))
    return el.div(cell("ticket", _("Coupons"), chosen, **opens("coupons")), class_name="card")


def _rules() -> rx.Component:
    listed = rx.foreach(BookState.rules, lambda text: el.li(text, key=text))
    return card(
        el.h2(_("Cancelling and moving"), class_name="f16 w7"),
        el.ul(listed, class_name="col g4 f13 ink2 dots"),
        link(_("Service rules"), icon("chevron-right", "s"), to="/legal/service/", cls="more"),
        cls="col g8",
    )


def _address_sheet() -> rx.Component:
    listed = rx.foreach(
        BookState.addresses,
        lambda row: radio_option(
            "address",
            row.id.to(str),
            joined(row.area, " ", row.detail),
            rx.cond(row.is_open, row.contact, _("We do not serve this area yet")),
            checked=row.id == BookState.address,
            disabled=~row.is_open,
            on_pick=BookState.pick_address(row.id),
            key=joined(row.id.to(str), "-", BookState.seq.to(str)),
        ),
    )
    new = lbtn(icon("plus", "s"), _("New address"), to="/me/addresses/?new=1", kind="t", block=True)
    return sheet("addresses", _("Choose an address"), group(_("Address"), listed), footer=[new])


def _coupon_sheet() -> rx.Component:
    seq = BookState.seq.to(str)
    listed = rx.foreach(
        BookState.coupons,
        lambda row: radio_option(
            "coupon",
            row.id.to(str),
            row.title,
            row.why,
            tail=el.span(row.off, class_name="num c-bad"),
            checked=row.chosen,
            disabled=~row.usable,
            on_pick=BookState.pick_coupon(row.id.to(str)),
            key=joined(row.id.to(str), "-", seq),
        ),
    )
    none = radio_option("coupon", "none", _("Use no coupon"), on_pick=BookState.pick_coupon("none"), key="none" + seq)
    nothing = empty(
        _("No coupon yet"),
        _("Claim one for your next order"),
        lbtn(_("Coupons"), to="/coupons/"),
        pic="empty-coupons",
    )
    body = rx.cond(BookState.coupons.length() > 0, group(_("Coupons"), listed, none), nothing)
    return sheet("coupons", _("Coupons"), body)


def _bar() -> rx.Component:
    ready = BookState.ready & (BookState.trouble == "")
    paid = el.div(
        price(S.due, size="l"),
        rx.cond(S.saved != "", el.span(S.saved, class_name="f11 mut"), rx.fragment()),
        class_name="col g4 grow",
    )
    place = btn(
        _("Place order"), size="l", on_click=BookState.submit, id="submit", disabled=~ready | ~BookState.has_time
    )
    time = btn(_("Choose a time"), size="l", **opens("slots"))
    where = lbtn(_("Add an address"), to="/me/addresses/?new=1", size="l")
    homeless = BookState.is_known & (BookState.address == 0)
    return cta_bar(paid, rx.cond(BookState.has_time, rx.cond(homeless, where, place), time))


def view() -> rx.Component:
    """The page."""
    trouble = rx.cond(BookState.trouble != "", note(BookState.trouble, "warn", "circle-alert"), rx.fragment())
    body = el.div(trouble, _where(), _price(), _coupon(), _guarantee(), _wishes(), _rules(), class_name="stack")
    return customer_shell(
        loaded(BookState, body),
        header=navbar(_("Review order"), "/c/"),
        footer=_bar(),
        overlays=rx.fragment(slot_sheet(), _address_sheet(), _coupon_sheet()),
    )


PAGE = Page("/book/", view, N_("Review order"), [BookState.load, SlotState.load])
