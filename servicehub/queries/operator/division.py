"""How an order's price is divided: the rule that was frozen at acceptance, and what was booked once it was settled."""

from __future__ import annotations

from sqlmodel import Session, select

from servicehub.domain.commission import Rate
from servicehub.models.commissions import load_category_names
from servicehub.models.order import Order
from servicehub.models.payment import Earning
from servicehub.texts import N_, Locale, commission, formats, say
from servicehub.viewmodels.operator import PriceRow


def division(session: Session, order: Order, *, locale: Locale) -> tuple[PriceRow, ...]:
    """Rule, commission, tax and what the technician receives; nothing before somebody accepted."""
    if "rate_bp" not in order.commission:
        return ()
    earning = session.exec(select(Earning).where(Earning.order_id == order.id, Earning.kind == "service")).first()
    rate = Rate.frozen(order.commission)
    said = commission.rate(locale, rate, load_category_names(session, order.city_id, locale))
    rows = [PriceRow(said, rate.rule, _yuan(-earning.commission_fen) if earning else "", is_discount=False)]
    tax_fen = earning.tax_fen if earning else int(order.commission.get("tax_fen", 0))
    if tax_fen:
        rows.append(PriceRow(say(locale, N_("Income tax withheld")), "", _yuan(-tax_fen), is_discount=False))
    net_fen = earning.net_fen if earning else int(order.commission.get("net_fen", 0))
    text = N_("The technician receives") if earning else N_("The technician was promised")
    return (*rows, PriceRow(say(locale, text), "", _yuan(net_fen), is_discount=False))


def _yuan(fen: int) -> str:
    return formats.yuan(fen, always_decimals=True)
