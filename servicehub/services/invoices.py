"""Invoices: asked for by the customer of a finished order, issued, refused or voided by finance.

Owns `sh_invoice`. The amount is what the customer paid for the price and was not given back, tips aside; it is frozen with its
lines when the invoice is asked for, and issuing refuses it when money has gone back since. What is issued is voided, never edited.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select
from stdnum.cn import uscc

from servicehub import bus, crypto
from servicehub.domain.access import Actor, Permission, Role
from servicehub.domain.invoice import LIVING, InvoiceStatus, TitleKind, invoice_lines
from servicehub.domain.order import OrderStatus
from servicehub.errors import Conflict, Invalid, NotFound, ReasonMissing
from servicehub.models.invoice import TITLE_CONTEXT, Invoice
from servicehub.models.order import Order, OrderLine
from servicehub.services import audits, notices, payments, sums, transitions
from servicehub.settings import get_settings

LONGEST_TITLE, LONGEST_REASON = 100, 200
INVOICED = (OrderStatus.COMPLETED, OrderStatus.CLOSED)
"""States of an order in which an invoice may be asked for."""
_FISCAL = re.compile(r"[0-9]{8,20}")


class BadTitle(Invalid):
    """The name or the taxpayer's number does not fit."""

    code = "bad_title"


class AmountChanged(Conflict):
    """Money has gone back since the invoice was asked for."""

    code = "amount_changed"


def request(
    session: Session, actor: Actor, no: str, *, kind: str, title: str, tax_no: str = "", now: datetime
) -> Invoice:
    """Ask for the invoice of an order of one's own. Asking again for the same while it waits changes title and number.

    Raises: NotFound, Invalid for an unknown kind, BadTitle, Conflict before the order is finished, without anything paid, or when
    one is issued.
    """
    actor.require_role(Role.CUSTOMER)
    order = transitions.load(session, actor, no)
    title, tax_no, title_kind = _checked(kind, title, tax_no)
    payments.lock_order(session, order.id or 0)
    session.refresh(order)
    paid_fen = sums.money_net(session, order)
    if order.status not in INVOICED or order.lead_id is not None or paid_fen <= 0:
        raise Conflict(f"order {no} has no invoice yet")
    found = living(session, order.id or 0)
    if found is not None and found.status is InvoiceStatus.ISSUED:
        raise Conflict(f"order {no} has its invoice")
    rate = get_settings().invoice_tax_bp
    invoice = found or Invoice(
        no=f"I{secrets.token_hex(8)}", order_id=order.id or 0, status=InvoiceStatus.REQUESTED, title_kind=title_kind,
        title_enc="", amount_fen=paid_fen, tax_bp=rate, requested_at=now,
    )  # fmt: skip
    invoice.title_kind, invoice.tax_no = title_kind, tax_no
    invoice.title_enc = crypto.encrypt(title, TITLE_CONTEXT)
    invoice.amount_fen, invoice.tax_bp, invoice.lines = paid_fen, rate, _lines(session, order, paid_fen, rate)
    session.add(invoice)
    session.flush()
    _tell(session, order)
    return invoice


def issue(session: Session, actor: Actor, invoice_no: str, *, fiscal_no: str = "", now: datetime) -> None:
    """Issue it; `fiscal_no` is its number in the tax office's system, without which the document calls itself a receipt. Audited.

    Raises: NotAllowed, NotFound outside the actor's city, Invalid for a number, Conflict when it does not wait or the number is
    taken, AmountChanged when money went back meanwhile.
    """
    invoice, order = _waiting(session, actor, invoice_no, InvoiceStatus.REQUESTED)
    fiscal_no = fiscal_no.strip()
    if fiscal_no and not _FISCAL.fullmatch(fiscal_no):
        raise Invalid(f"invoice number {fiscal_no}")
    if sums.money_net(session, order) != invoice.amount_fen:
        raise AmountChanged(invoice_no)
    values = {"issued_at": now, "issued_by": actor.user_id, "fiscal_no": fiscal_no or None}
    try:
        with session.begin_nested():
            _move(session, invoice, InvoiceStatus.REQUESTED, InvoiceStatus.ISSUED, **values)
    except sa.exc.IntegrityError as error:
        raise Conflict(f"invoice number {fiscal_no} is taken") from error
    data = {"fiscal_no": fiscal_no, "amount_fen": invoice.amount_fen}
    audits.record(session, actor, "invoice.issue", f"invoice:{invoice_no}", "", data, now=now)
    link = f"/orders/{order.no}/invoice/"
    notices.send(session, order.customer_id, "invoice_issued", key=f"invoice:{invoice_no}", now=now, link=link)
    _tell(session, order)


def end(session: Session, actor: Actor, invoice_no: str, *, reason: str, now: datetime) -> None:
    """Refuse one that waits, or void one that was issued; the customer reads the reason and may ask again. Audited.

    Raises: NotAllowed, ReasonMissing, NotFound outside the actor's city, Conflict when it has ended.
    """
    if not reason.strip():
        raise ReasonMissing(invoice_no)
    invoice, order = _waiting(session, actor, invoice_no, *LIVING)
    before = invoice.status
    after = InvoiceStatus.REFUSED if before is InvoiceStatus.REQUESTED else InvoiceStatus.VOIDED
    told = reason.strip()[:LONGEST_REASON]
    _move(session, invoice, before, after, ended_at=now, reason=told)
    audits.record(session, actor, f"invoice.{after.value}", f"invoice:{invoice_no}", told, {}, now=now)
    link = f"/orders/{order.no}/invoice/"
    key = f"invoice-end:{invoice_no}"
    notices.send(session, order.customer_id, f"invoice_{after.value}", key=key, now=now, link=link, reason=told)
    _tell(session, order)


def living(session: Session, order_id: int) -> Invoice | None:
    """The order's invoice that waits or is issued."""
    return session.exec(select(Invoice).where(Invoice.order_id == order_id, col(Invoice.status).in_(LIVING))).first()


def _checked(kind: str, title: str, tax_no: str) -> tuple[str, str, TitleKind]:
    """(title, number, kind). Raises: Invalid, BadTitle."""
    if kind not in tuple(TitleKind):
        raise Invalid(f"title of a {kind!r}")
    title, tax_no = " ".join(title.split()), tax_no.strip().upper()
    is_company = kind == TitleKind.COMPANY
    if not 2 <= len(title) <= LONGEST_TITLE or is_company != bool(tax_no) or (is_company and not uscc.is_valid(tax_no)):
        raise BadTitle(kind)
    return title, tax_no, TitleKind(kind)


def _lines(session: Session, order: Order, paid_fen: int, rate_bp: int) -> list[dict[str, object]]:
    rows = session.exec(select(OrderLine).where(OrderLine.order_id == order.id).order_by(col(OrderLine.id)))
    priced = [(f"{row.name_zh}\n{row.name_en}", row.amount_fen) for row in rows]
    return [asdict(line) for line in invoice_lines(priced, paid_fen, rate_bp)]


def _waiting(session: Session, actor: Actor, invoice_no: str, *expected: InvoiceStatus) -> tuple[Invoice, Order]:
    actor.require(Permission.INVOICE_ISSUE)
    invoice = session.exec(select(Invoice).where(Invoice.no == invoice_no)).first()
    order = session.get(Order, invoice.order_id) if invoice is not None else None
    if invoice is None or order is None or order.city_id != actor.city_id:
        raise NotFound(f"invoice {invoice_no}")
    payments.lock_order(session, order.id or 0)
    session.refresh(invoice)
    if invoice.status not in expected:
        raise Conflict(f"invoice {invoice_no} is {invoice.status}")
    return invoice, order


def _move(session: Session, invoice: Invoice, before: InvoiceStatus, after: InvoiceStatus, **values: object) -> None:
    moved = session.execute(
        sa.update(Invoice)
        .where(col(Invoice.id) == invoice.id, col(Invoice.status) == before)
        .values(status=after, **values)
        .execution_options(synchronize_session=False)
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(f"invoice {invoice.no} is no longer {before}")
    session.refresh(invoice)


def _tell(session: Session, order: Order) -> None:
    bus.publish(session, bus.order(order.no), bus.customer(order.customer_id), bus.overview(str(order.city_id)))
