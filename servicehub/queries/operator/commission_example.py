"""The example calculator: one order divided by the rules in force and by a draft, with the function that settles real orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from servicehub.domain.access import Actor, Permission
from servicehub.domain.commission import Case, CommissionPolicy
from servicehub.domain.money import BP
from servicehub.domain.policy import ORDER_KIND
from servicehub.domain.settlement import Split, settle
from servicehub.errors import Invalid, NotFound
from servicehub.models.catalog import Policy
from servicehub.queries.operator.commission import Words
from servicehub.queries.operator.scope import guard
from servicehub.texts import N_, Locale, commission, formats, say
from servicehub.viewmodels.operator_commission import Example, ExampleRow, VerdictRow

NO = "—"
WHY: dict[str, str] = {
    "": N_("Wins"),
    "outranked": N_("Outranked"),
    "technician": N_("Another technician"),
    "early": N_("Not valid yet"),
    "late": N_("Not valid any more"),
    "category": N_("Another category"),
    "level": N_("Another level"),
}
KINDS: dict[str, str] = {
    "service": N_("Service"),
    "add_on": N_("Add-ons"),
    "night": N_("Surcharges"),
    "travel": N_("Travel"),
    "coupon": N_("Coupon"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the example; a coupon's amount is negative."""

    kind: str
    amount_fen: int


def example(
    session: Session,
    actor: Actor,
    case: Case,
    lines: tuple[Line, ...],
    platform_bp: int,
    draft: Mapping[str, Any] | None = None,
    *,
    now: datetime,
    locale: Locale,
) -> Example:
    """An order of `case` for `lines`, of whose coupon the platform pays `platform_bp`.

    Raises: NotAllowed without ledger:read, Invalid for a draft that cannot be adopted, or with the field `coupon`.
    """
    guard(actor, Permission.LEDGER_READ)
    newest = select(Policy).where(
        Policy.city_id == actor.city_id, Policy.kind == ORDER_KIND, col(Policy.effective_at) <= now
    )
    row = session.exec(newest.order_by(col(Policy.version).desc()).limit(1)).first()
    if row is None:
        raise NotFound("order policy")
    policy = CommissionPolicy.of(row.document.get("commission", {}))
    tried = CommissionPolicy.checked(draft) if draft else policy
    priced = tuple(line for line in lines if line.amount_fen)
    one, other = _divided(policy, case, priced, platform_bp), _divided(tried, case, priced, platform_bp)
    words = Words(session, actor, [policy, tried], locale)
    return Example(
        case=_case(case, words, locale),
        rows=(*_line_rows(priced, one, other, locale), *_sum_rows(one, other, locale)),
        verdicts=_verdicts(policy, tried, case, words, locale),
    )


def _divided(policy: CommissionPolicy, case: Case, lines: tuple[Line, ...], platform_bp: int) -> Split:
    if not 0 <= platform_bp <= BP:
        raise Invalid("share of the coupon", field="coupon")
    try:
        return settle(lines, rate=policy.choose(case), pass_through=policy.pass_through, funder_platform_bp=platform_bp)
    except ValueError as error:  # a coupon above the price
        raise Invalid(str(error), field="coupon") from error


def _case(case: Case, words: Words, locale: Locale) -> str:
    parts = [
        words.categories.get(case.category, case.category),
        say(locale, commission.LEVELS[case.level.value]),
        f"#{case.technician_id}" if case.technician_id else "",
        case.on.isoformat(),
    ]
    return " · ".join(part for part in parts if part)


def _line_rows(lines: tuple[Line, ...], now: Split, tried: Split, locale: Locale) -> list[ExampleRow]:
    """Each line with its rate and its part of the commission."""
    of_now, of_tried = ({share.line: share for share in split.shares} for split in (now, tried))
    rows = []
    for n, line in enumerate(lines):
        one, other = of_now.get(n), of_tried.get(n)
        rows.append(
            ExampleRow(
                say(locale, KINDS[line.kind]),
                _yuan(line.amount_fen),
                commission.share(one.bp) if one else NO,
                _yuan(-one.commission_fen) if one else NO,
                commission.share(other.bp) if other else NO,
                _yuan(-other.commission_fen) if other else NO,
                differs=one != other,
            )
        )
    return rows


def _sum_rows(now: Split, tried: Split, locale: Locale) -> list[ExampleRow]:
    names = {
        "paid_fen": N_("The customer pays"),
        "subsidy_fen": N_("The platform pays of the coupon"),
        "coupon_share_fen": N_("The technician pays of the coupon"),
        "commission_fen": N_("Platform commission"),
        "tax_fen": N_("Income tax withheld"),
        "net_fen": N_("The technician receives"),
    }
    off = ("commission_fen", "tax_fen")
    rows = []
    for name, text in names.items():
        one, other = ((-1 if name in off else 1) * getattr(split, name) for split in (now, tried))
        if one or other or name == "net_fen":
            words = _yuan(one), "", _yuan(other)
            rows.append(ExampleRow(say(locale, text), "", "", words[0], "", words[2], name == "net_fen", one != other))
    return rows


def _verdicts(
    policy: CommissionPolicy, tried: CommissionPolicy, case: Case, words: Words, locale: Locale
) -> tuple[VerdictRow, ...]:
    """Which rule wins, and why the others do not; the standard rate last."""
    now, then = ({v.rule.id: v for v in one.judge(case)} for one in (policy, tried))
    rows = []
    for row in words.rules(policy, tried):
        one, other = now.get(row.id), then.get(row.id)
        rows.append(
            VerdictRow(
                row.id, row.tier, row.conditions, row.rate, say(locale, WHY[one.why]) if one else NO,
                say(locale, WHY[other.why]) if other else NO, one is not None and not one.why,
                other is not None and not other.why,
            )
        )  # fmt: skip
    wins = [not any(not v.why for v in one.values()) for one in (now, then)]
    said = [say(locale, WHY["" if win else "outranked"]) for win in wins]
    level = case.level.value
    rate = commission.share(tried.rates[level])
    standard = say(locale, N_("Standard"))
    rows.append(VerdictRow("standard", standard, say(locale, commission.LEVELS[level]), rate, *said, *wins))
    return tuple(rows)


def _yuan(fen: int) -> str:
    return formats.yuan(fen, always_decimals=True)
