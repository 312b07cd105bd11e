"""What happened to one order: log, ledger postings, dispatch decisions, offers and audit rows, in the viewer's words.

Knows nothing of the order's present state; see `queries.operator.order`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.domain.order import PaymentPlan
from servicehub.models.account import User
from servicehub.models.dispatch import DispatchDecision, Offer
from servicehub.models.ledger import JournalEntry
from servicehub.models.order import Order, OrderLog
from servicehub.models.proposal import load_proposals
from servicehub.models.technician import Technician
from servicehub.queries import proposals
from servicehub.queries.entries import entry_rows
from servicehub.queries.operator import reasoning, trail, words
from servicehub.queries.operator.scoring import candidate_rows
from servicehub.texts import N_, Locale, formats, money, say
from servicehub.viewmodels.money import EntryRow
from servicehub.viewmodels.operator import AuditRow, DecisionRow, LogRow, OfferRow
from servicehub.viewmodels.proposal import ProposalCard

_OFFER_TONES = {"open": "wait", "accepted": "done", "declined": "cancel", "expired": "cancel", "void": "cancel"}


class History:
    """Reads one order's past."""

    def __init__(self, session: Session, actor: Actor, order: Order, tz: str, locale: Locale, now: datetime) -> None:
        self.session, self.actor, self.order = session, actor, order
        self.tz, self.locale, self.now = tz, locale, now

    def log(self) -> tuple[LogRow, ...]:
        """Newest first, each with who fired it."""
        rows = self.session.execute(
            sa.select(OrderLog, User.display_name)
            .outerjoin(User, col(User.id) == OrderLog.actor_id)
            .where(col(OrderLog.order_id) == self.order.id)
            .order_by(col(OrderLog.id).desc())
        ).all()
        return tuple(self._log_row(row, name or "", newest=i == 0) for i, (row, name) in enumerate(rows))

    def _is_secured(self, row: OrderLog) -> bool:
        """Whether it went on with a guarantee, which is no payment."""
        return row.event in words.SECURED and self.order.payment_plan is PaymentPlan.AFTER

    def _log_row(self, row: OrderLog, name: str, *, newest: bool) -> LogRow:
        role = words.word(self.locale, words.ROLE, row.actor_role.value)
        return LogRow(
            id=row.id or 0,
            title=words.word(self.locale, words.SECURED if self._is_secured(row) else words.EVENT, row.event),
            when=formats.stamp(row.at, self.tz),
            who=f"{role} · {name}" if name else role,
            note=" · ".join(
                part for part in (words.word(self.locale, words.REASON, row.reason), self._data(row.data)) if part
            ),
            icon=words.EVENT_ICON.get(row.event, "check"),
            state="now" if newest else "ok",
        )

    def _data(self, data: dict[str, Any]) -> str:
        away, rule = data.get("distance_m"), data.get("rule")
        if isinstance(away, int):
            return say(self.locale, "{distance} from the address", distance=formats.distance(away))
        if "proposal" in data:
            return formats.yuan(data["amount_fen"])
        if not isinstance(rule, str) or rule not in money.RULE_NAMES:
            return ""
        why, fee = money.of(self.locale, money.RULE_NAMES, rule), int(data.get("fee_fen", 0))
        fee_text = say(self.locale, N_("Cancellation fee {fee}"), fee=formats.yuan(fee))
        return f"{why} · {fee_text}" if fee else why

    def entries(self) -> tuple[EntryRow, ...]:
        """The order's ledger entries with their lines; nothing without ledger:read."""
        if not self.actor.may(Permission.LEDGER_READ):
            return ()
        return entry_rows(
            self.session, self.actor, col(JournalEntry.ref) == f"order:{self.order.id}", self.tz, self.locale
        )

    def decisions(self) -> tuple[DecisionRow, ...]:
        """Every dispatch decision, newest first, with the candidates as they were."""
        rows = self.session.exec(
            select(DispatchDecision)
            .where(DispatchDecision.order_id == self.order.id)
            .order_by(col(DispatchDecision.id).desc())
        ).all()
        people = self._people({int(c["technician_id"]) for row in rows for c in row.candidates})
        mates = reasoning.batch_mates(self.session, rows)
        return tuple(self._decision(row, people, mates[row.id or 0]) for row in rows)

    def _decision(self, row: DispatchDecision, people: dict[int, Technician], mates: dict[int, str]) -> DecisionRow:
        chosen = people.get(row.technician_id or 0)
        of = row.passed + sum(row.funnel.values())
        summary = say(self.locale, "{fit} of {n} candidates passed every rule", fit=row.passed, n=of)
        return DecisionRow(
            id=row.id or 0,
            title=words.word(self.locale, words.HOW, row.how)
            + (f" · {chosen.name}" if chosen else " · " + say(self.locale, "Nobody found")),
            when=formats.stamp(row.at, self.tz),
            summary=summary,
            candidates=candidate_rows(row.candidates, people, row.technician_id, locale=self.locale),
            reasons=reasoning.reasons(row, people, mates, locale=self.locale),
            funnel=reasoning.funnel(row, locale=self.locale),
        )

    def _people(self, ids: set[int]) -> dict[int, Technician]:
        if not ids:
            return {}
        found = self.session.exec(select(Technician).where(col(Technician.id).in_(ids))).all()
        return {t.id or 0: t for t in found}

    def offers(self) -> tuple[OfferRow, ...]:
        rows = self.session.execute(
            sa.select(Offer, Technician.name)
            .join(Technician, col(Technician.id) == Offer.technician_id)
            .where(col(Offer.order_id) == self.order.id)
            .order_by(col(Offer.id).desc())
        ).all()
        return tuple(self._offer(offer, name) for offer, name in rows)

    def _offer(self, offer: Offer, name: str) -> OfferRow:
        pay = say(self.locale, "take-home {amount}", amount=formats.yuan(offer.take_home_fen))
        reason = words.word(self.locale, words.DECLINE, offer.decline_reason.value) if offer.decline_reason else ""
        answered = ""
        if offer.answered_at:
            answered = say(
                self.locale,
                "answered after {time}",
                time=formats.timer(int((offer.answered_at - offer.created_at).total_seconds())),
            )
        return OfferRow(
            id=offer.id or 0,
            technician=name,
            state=words.word(self.locale, words.OFFER_STATE, offer.status.value),
            tone=_OFFER_TONES[offer.status.value],
            note=" · ".join(p for p in (pay, formats.distance(offer.distance_m), reason, answered) if p),
            when=formats.stamp(offer.created_at, self.tz),
        )

    def proposals(self) -> tuple[ProposalCard, ...]:
        """Add-ons that were proposed during the visit, newest first."""
        return tuple(
            replace(
                proposals.card(self.order, row, self.tz, locale=self.locale, now=self.now),
                amount=formats.yuan(row.amount_fen, always_decimals=True),
                when=formats.stamp(row.ended_at or row.created_at, self.tz),
            )
            for row in reversed(load_proposals(self.session, self.order))
        )

    def audits(self) -> tuple[AuditRow, ...]:
        """What operators did to this order; nothing without audit:read."""
        if not self.actor.may(Permission.AUDIT_READ):
            return ()
        return trail.of_subject(self.session, f"order:{self.order.no}", tz=self.tz, locale=self.locale)
