"""What the operators' screens show, already written in the viewer's language; `*_at` and `*_fen` figures are text here.

Owns shapes only. Amounts and times are formatted by the queries that fill them; `tone` names a colour class of the kit.
"""

from __future__ import annotations

from dataclasses import dataclass

from servicehub.viewmodels.crew import Mate
from servicehub.viewmodels.money import EntryRow
from servicehub.viewmodels.proposal import ProposalCard


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure against the same weekday last week at the same hour. `delta` is "" when there is nothing to compare with."""

    key: str
    label: str
    value: str
    unit: str
    delta: str
    rises: bool
    good: bool
    hint: str
    spark: str
    """Comma separated numbers, one an hour."""
    link: str


@dataclass(frozen=True, slots=True)
class HourRow:
    """One hour of the trend, as figures for the chart and as text for its table; None: the hour has not come."""

    hour: str
    gmv_yuan: float | None
    orders: int | None
    ticket_yuan: float | None
    last_gmv_yuan: float
    last_orders: int
    last_ticket_yuan: float


@dataclass(frozen=True, slots=True)
class TrendRow:
    """A line of the table beside the chart."""

    hour: str
    today: str
    last: str


@dataclass(frozen=True, slots=True)
class FunnelStep:
    name: str
    value: str
    width: str
    """Such as `93%`."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One kind of exception that needs a hand."""

    key: str
    icon: str
    tone: str
    """r, o, b or v: the kit's classes."""
    title: str
    note: str
    action: str
    link: str


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A line of the order desk."""

    no: str
    service: str
    quantity: str
    customer: str
    phone: str
    technician: str
    portrait: str
    district: str
    visit: str
    placed: str
    status: str
    status_text: str
    amount: str
    sla_s: int
    """Seconds until the current status's timer; negative: overdue."""
    has_sla: bool
    is_risky: bool


@dataclass(frozen=True, slots=True)
class Overview:
    heading: str
    kpis: tuple[Kpi, ...]
    hours: tuple[HourRow, ...]
    funnel: tuple[FunnelStep, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a filter."""

    value: str
    text: str


@dataclass(frozen=True, slots=True)
class View:
    """A saved view of the order desk with how many orders it holds now."""

    key: str
    text: str
    count: int
    is_hot: bool


@dataclass(frozen=True, slots=True)
class Desk:
    rows: tuple[OrderRow, ...]
    total: int
    pages: int
    page: int
    views: tuple[View, ...]


@dataclass(frozen=True, slots=True)
class LogRow:
    """One step of an order's history; `icon` and `state` are the timeline's."""

    id: int
    title: str
    when: str
    who: str
    note: str
    icon: str
    state: str


@dataclass(frozen=True, slots=True)
class PriceRow:
    name: str
    note: str
    amount: str
    is_discount: bool


@dataclass(frozen=True, slots=True)
class MoneyRow:
    """A payment or a refund. `trace`: the number by which the ledger follows it; "" where it does not, or not for this reader."""

    no: str
    title: str
    note: str
    when: str
    amount: str
    tone: str
    state: str
    trace: str = ""
    short: str = ""
    """The number, as far as it is shown."""


@dataclass(frozen=True, slots=True)
class ScorePart:
    name: str
    text: str
    width: str
    is_penalty: bool


@dataclass(frozen=True, slots=True)
class CandidateRow:
    """One technician of a decision: score parts as bars, or the rules that exclude."""

    technician_id: int
    rank: str
    name: str
    portrait: str
    level: str
    distance: str
    travel: str
    score: str
    is_feasible: bool
    is_chosen: bool
    failed: tuple[str, ...]
    parts: tuple[ScorePart, ...]


@dataclass(frozen=True, slots=True)
class DecisionRow:
    id: int
    title: str
    when: str
    summary: str
    candidates: tuple[CandidateRow, ...]
    reasons: tuple[str, ...] = ()
    """Sentences: the runner-up, what the batch gave up, what would have changed the choice."""
    funnel: tuple[FunnelChip, ...] = ()


@dataclass(frozen=True, slots=True)
class FunnelChip:
    """How many candidates one rule excluded."""

    name: str
    count: str


@dataclass(frozen=True, slots=True)
class OfferRow:
    id: int
    technician: str
    state: str
    tone: str
    note: str
    when: str


@dataclass(frozen=True, slots=True)
class PhotoRow:
    src: str
    alt: str


@dataclass(frozen=True, slots=True)
class AuditRow:
    id: int
    when: str
    who: str
    role: str
    action: str
    subject: str
    link: str
    reason: str
    details: str
    chain: str


@dataclass(frozen=True, slots=True)
class Person:
    """A customer, technician or operator as operators see them; contact data is masked."""

    id: int
    name: str
    note: str
    portrait: str
    phone: str
    link: str


@dataclass(frozen=True, slots=True)
class OrderSheet:
    """The facts at the head of an order's page."""

    no: str
    service: str
    facts: str
    status: str
    status_text: str
    sla_s: int
    has_sla: bool
    visit: str
    placed: str
    mode: str
    plan: str
    area: str
    district: str
    contact: str
    phone: str
    requirements: str
    customer: Person
    technician: Person
    crew: tuple[Mate, ...]
    has_technician: bool
    lines: tuple[PriceRow, ...]
    total: str
    paid: str
    refunded: str
    due: str
    actions: tuple[str, ...]
    """Interventions that the machine and the role allow: cancel, refund, assign, resolve, reveal."""
    review: str
    stars: str
    lat: float
    lng: float
    division: tuple[PriceRow, ...] = ()
    """The frozen commission rule and what it gives; () before somebody accepted."""
    late: str = ""
    """When the visit is expected to begin, and why; "" while it is in time."""


@dataclass(frozen=True, slots=True)
class OrderPage:
    sheet: OrderSheet
    log: tuple[LogRow, ...]
    money: tuple[MoneyRow, ...]
    books: tuple[EntryRow, ...]
    decisions: tuple[DecisionRow, ...]
    offers: tuple[OfferRow, ...]
    proposals: tuple[ProposalCard, ...]
    photos: tuple[PhotoRow, ...]
    audits: tuple[AuditRow, ...]


@dataclass(frozen=True, slots=True)
class AuditPage:
    rows: tuple[AuditRow, ...]
    total: int
    pages: int
    page: int
