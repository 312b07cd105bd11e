"""Invoices: the page of one order's, the operators' list, and what is printed."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import crypto
from servicehub.domain.access import Actor, Permission, Role
from servicehub.domain.invoice import LIVING, InvoiceStatus, TitleKind
from servicehub.domain.order import OrderStatus
from servicehub.domain.payment import POINTS, PRICE_ITEMS, PaymentStatus
from servicehub.errors import NotFound
from servicehub.models.catalog import City, ServiceItem
from servicehub.models.invoice import TITLE_CONTEXT, Invoice
from servicehub.models.order import Order
from servicehub.models.payment import Payment, Refund
from servicehub.queries import visit
from servicehub.queries.operator.scope import guard
from servicehub.settings import get_settings
from servicehub.texts import N_, Locale, formats, say
from servicehub.viewmodels.invoice import InvoiceList, InvoicePage, InvoiceRow, PrintedInvoice, PrintedLine

SHOWN = 100
STATES: dict[str, str] = {
    "requested": N_("To be issued"),
    "issued": N_("Invoice issued"),
    "refused": N_("Not issued"),
    "voided": N_("Voided"),
}
TONES = {"requested": "w", "issued": "g", "refused": "r", "voided": ""}
_NOTES: dict[str, str] = {
    "none": N_("Tell us whose name stands on it; it is issued within one working day."),
    "requested": N_("It is issued within one working day. Until then you can change the name."),
    "issued": N_("You can download it here at any time."),
    "early": N_("An invoice can be asked for when the visit is finished and paid."),
}


def invoice_page(session: Session, actor: Actor, no: str, *, locale: Locale) -> InvoicePage:
    """The newest invoice of an order of one's own, or what one could be asked for. Raises: NotAllowed, NotFound."""
    actor.require_role(Role.CUSTOMER)
    order = session.exec(select(Order).where(Order.no == no, Order.customer_id == actor.user_id)).first()
    if order is None or order.lead_id is not None:
        raise NotFound(f"order {no}")
    paid = _money_net(session, order.id or 0)
    found = session.exec(select(Invoice).where(Invoice.order_id == order.id).order_by(col(Invoice.id).desc())).first()
    may = order.status in (OrderStatus.COMPLETED, OrderStatus.CLOSED) and paid > 0
    state = found.status.value if found else ("none" if may else "early")
    fen = found.amount_fen if found and found.status in LIVING else paid
    return InvoicePage(
        order_no=no,
        service=visit.title(locale, session.get_one(ServiceItem, order.service_item_id), order),
        amount=formats.amount(fen, always_decimals=True),
        state=state,
        state_label=say(locale, STATES[state]) if found else "",
        note=(found.reason if found else "") or (say(locale, _NOTES[state]) if state in _NOTES else ""),
        no=found.no if found else "",
        title=_title(found) if found else "",
        tax_no=found.tax_no if found else "",
        is_company=found is not None and found.title_kind is TitleKind.COMPANY,
        fiscal_no=(found.fiscal_no or "") if found else "",
        is_stale=found is not None and found.status is InvoiceStatus.ISSUED and found.amount_fen != paid,
    )


def invoice_list(session: Session, actor: Actor, state: str, *, locale: Locale) -> InvoiceList:
    """The city's invoices in `state` ("" for all), those that wait first. Raises: NotAllowed without invoice:issue."""
    guard(actor, Permission.INVOICE_ISSUE)
    tz = session.get_one(City, actor.city_id).timezone
    here = (col(Order.city_id) == actor.city_id,)
    waits = col(Invoice.status) == InvoiceStatus.REQUESTED
    query = select(Invoice, Order.no, Order.id).join(Order, col(Order.id) == col(Invoice.order_id)).where(*here)
    if state in tuple(InvoiceStatus):
        query = query.where(Invoice.status == InvoiceStatus(state))
    order = (sa.case((waits, 0), else_=1), sa.case((waits, col(Invoice.id)), else_=-col(Invoice.id)))
    rows = session.exec(query.order_by(*order).limit(SHOWN)).all()
    count = sa.select(sa.func.count()).select_from(Invoice).join(Order, col(Order.id) == col(Invoice.order_id))
    found = []
    for invoice, order_no, order_id in rows:
        living = invoice.status in LIVING
        is_stale = living and invoice.amount_fen != _money_net(session, order_id or 0)
        found.append(
            InvoiceRow(
                no=invoice.no,
                order_no=order_no,
                title=_title(invoice),
                tax_no=invoice.tax_no,
                amount=formats.yuan(invoice.amount_fen, always_decimals=True),
                asked=formats.stamp(invoice.requested_at, tz)[:16],
                state=invoice.status.value,
                state_label=say(locale, STATES[invoice.status.value]),
                tone=TONES[invoice.status.value],
                note=invoice.fiscal_no or invoice.reason,
                may_issue=invoice.status is InvoiceStatus.REQUESTED and not is_stale,
                may_end=living,
                is_stale=is_stale,
            )
        )
    return InvoiceList(tuple(found), session.scalar(count.where(*here, waits)) or 0)


def printed(session: Session, actor: Actor, invoice_no: str, *, locale: Locale) -> PrintedInvoice:
    """An issued or voided invoice, for its customer or for those who issue in its city. Raises: NotFound."""
    found = session.exec(
        select(Invoice, Order).join(Order, col(Order.id) == col(Invoice.order_id)).where(Invoice.no == invoice_no)
    ).first()
    if found is None or found[0].issued_at is None or not _may_read(actor, found[1]):
        raise NotFound(f"invoice {invoice_no}")
    invoice, order = found
    tz = session.get_one(City, order.city_id).timezone
    settings = get_settings()
    is_fiscal = bool(invoice.fiscal_no)
    heading = N_("Invoice") if is_fiscal else N_("Receipt (no tax invoice)")
    facts = [
        (N_("Invoice number"), invoice.fiscal_no or invoice.no),
        (N_("Issued at"), formats.stamp(invoice.issued_at, tz)[:16]),
        (N_("Order no."), order.no),
        (N_("Seller"), settings.invoice_seller or settings.brand_name),
        (N_("Seller's taxpayer number"), settings.invoice_seller_tax_no),
        (N_("Buyer"), _title(invoice)),
        (N_("Buyer's taxpayer number"), invoice.tax_no),
    ]
    if invoice.status is InvoiceStatus.VOIDED:
        facts.append((N_("Voided"), invoice.reason))
    heads = (N_("Service"), N_("Without tax"), N_("Tax rate"), N_("Tax"), N_("Amount"))
    sums = [sum(int(line[key]) for line in invoice.lines) for key in ("net_fen", "tax_fen", "gross_fen")]
    return PrintedInvoice(
        no=invoice.no,
        heading=say(locale, heading),
        facts=tuple((say(locale, name), value) for name, value in facts if value),
        heads=tuple(say(locale, head) for head in heads),
        lines=tuple(_line(line, invoice.tax_bp, locale) for line in invoice.lines),
        totals=PrintedLine(say(locale, N_("Sum")), _yuan(sums[0]), "", _yuan(sums[1]), _yuan(sums[2])),
        footnote=say(locale, N_("Made from what was paid for the order and not given back; tips are not part of it.")),
    )


def _may_read(actor: Actor, order: Order) -> bool:
    if actor.role is Role.CUSTOMER:
        return order.customer_id == actor.user_id
    return actor.role is Role.OPERATOR and actor.may(Permission.INVOICE_ISSUE) and order.city_id == actor.city_id


def _line(line: dict[str, object], tax_bp: int, locale: Locale) -> PrintedLine:
    zh, _sep, en = str(line["name"]).partition("\n")
    net, tax, gross = (_yuan(int(str(line[key]))) for key in ("net_fen", "tax_fen", "gross_fen"))
    return PrintedLine(zh if locale == "zh" else en, net, formats.percent(tax_bp), tax, gross)


def _yuan(fen: int) -> str:
    return formats.amount(fen, always_decimals=True)


def _title(invoice: Invoice) -> str:
    try:
        return crypto.decrypt(invoice.title_enc, TITLE_CONTEXT)
    except crypto.Undecipherable:
        return "**"


def _money_net(session: Session, order_id: int) -> int:
    """What was paid of the price in money and not promised back, in fen."""
    kept = (
        col(Payment.order_id) == order_id,
        col(Payment.channel) != POINTS,
        col(Payment.status) == PaymentStatus.KEPT,
        col(Payment.item).in_(PRICE_ITEMS),
    )
    paid = session.scalar(sa.select(sa.func.sum(col(Payment.amount_fen))).where(*kept)) or 0
    back = (
        sa.select(sa.func.sum(col(Refund.amount_fen)))
        .join(Payment, col(Payment.id) == col(Refund.payment_id))
        .where(*kept)
    )
    return int(paid) - int(session.scalar(back) or 0)
