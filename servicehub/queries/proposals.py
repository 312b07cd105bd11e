"""What pages say of add-ons that were proposed during a visit. Which of them a face shows is its own query's."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlmodel import Session

from servicehub.domain.proposal import LIVING, ProposalStatus
from servicehub.models.order import Order
from servicehub.models.proposal import Proposal, extras_of, load_living
from servicehub.texts import N_, Locale, formats, pick, say
from servicehub.viewmodels.proposal import ExtraLine, ProposalCard

_S = ProposalStatus
STATES: dict[ProposalStatus, str] = {
    _S.OPEN: N_("Waiting for the customer"),
    _S.ACCEPTED: N_("The customer is paying"),
    _S.ADDED: N_("Part of the visit"),
    _S.DECLINED: N_("Not wanted by the customer"),
    _S.WITHDRAWN: N_("Taken back"),
    _S.LAPSED: N_("Not answered before the end"),
}
TONES: dict[ProposalStatus, str] = {
    _S.OPEN: "wait", _S.ACCEPTED: "go", _S.ADDED: "done", _S.DECLINED: "cancel", _S.WITHDRAWN: "idle", _S.LAPSED: "idle",
}  # fmt: skip


def living(session: Session, order: Order, tz: str, *, locale: Locale, now: datetime) -> ProposalCard:
    """What waits for the customer's answer or money; an empty card for nothing."""
    found = load_living(session, order)
    return card(order, found, tz, locale=locale, now=now) if found is not None else ProposalCard()


def card(order: Order, proposal: Proposal, tz: str, *, net: str = "", locale: Locale, now: datetime) -> ProposalCard:
    """One proposal."""
    open_ = proposal.status in LIVING
    return ProposalCard(
        id=proposal.id or 0,
        lines=tuple(
            ExtraLine(
                extra.slug,
                pick(locale, extra.name_zh, extra.name_en),
                f"{formats.yuan(extra.unit_fen)} × {extra.quantity}" if extra.quantity > 1 else "",
                formats.yuan(extra.amount_fen),
            )
            for extra in extras_of(proposal)
        ),
        amount=formats.yuan(proposal.amount_fen),
        total=formats.amount(proposal.amount_fen),
        longer=longer(order, proposal.minutes, tz, locale=locale) if open_ else "",
        at_once=proposal.at_once,
        status=proposal.status.value,
        state=say(locale, STATES[proposal.status]),
        tone=TONES[proposal.status],
        when=formats.day_time(proposal.ended_at or proposal.created_at, now, tz, locale=locale),
        net=net,
    )


def longer(order: Order, minutes: int, tz: str, *, locale: Locale) -> str:
    """`about 20 min longer, until 16:20`; "" for no time."""
    if not minutes:
        return ""
    time = formats.clock_time(order.end_at + timedelta(minutes=minutes), tz)
    text = N_("About {length} longer, until {time}")
    return say(locale, text, length=formats.duration(minutes, locale=locale), time=time)
