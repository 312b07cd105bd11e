"""Orders as their customer sees them."""

from __future__ import annotations

from dataclasses import dataclass, field

from servicehub.viewmodels.crew import Mate
from servicehub.viewmodels.customer.booking import PriceLine
from servicehub.viewmodels.proposal import ProposalCard


@dataclass(frozen=True, slots=True)
class OrderCard:
    no: str = ""
    title: str = ""
    art: str = ""
    status: str = ""
    status_text: str = ""
    when: str = ""
    place: str = ""
    amount: str = ""
    technician: str = ""
    service: str = ""
    action: str = ""
    """The one button of the card: pay, track, confirm, review, rebook."""
    action_text: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class StepMark:
    title: str = ""
    state: str = ""
    """ok, now or ""."""


@dataclass(frozen=True, slots=True)
class LogLine:
    id: int = 0
    title: str = ""
    sub: str = ""
    state: str = "ok"
    icon: str = "check"


@dataclass(frozen=True, slots=True)
class PaymentLine:
    id: str = ""
    title: str = ""
    sub: str = ""
    amount: str = ""


@dataclass(frozen=True, slots=True)
class MoneyMove:
    """A payment or a refund among all of the customer's."""

    id: str = ""
    order_no: str = ""
    title: str = ""
    what: str = ""
    sub: str = ""
    amount: str = ""
    is_back: bool = False
    is_hold: bool = False
    """A guarantee: no money has moved by it."""
    is_points: bool = False
    """Points that an order earned."""


@dataclass(frozen=True, slots=True)
class OrderTechnician:
    id: int = 0
    title: str = ""
    art: str = ""
    level: str = ""
    rating: str = ""
    jobs: str = ""
    facts: str = ""
    why: str = ""
    """Why this one was matched, in words."""


@dataclass(frozen=True, slots=True)
class Track:
    """Where the technician is, between departure and arrival; `points` and `line` are JSON for the map."""

    is_on: bool = False
    points: str = "[]"
    line: str = "[]"
    text: str = ""
    """The same in words."""
    seen: str = ""


@dataclass(frozen=True, slots=True)
class OrderActions:
    """What the order's machine lets the customer do now, and what else makes sense."""

    pay: bool = False
    pay_balance: bool = False
    cancel: bool = False
    reschedule: bool = False
    confirm: bool = False
    review: bool = False
    dispute: bool = False
    rebook: bool = False


@dataclass(frozen=True, slots=True)
class OrderDetail:
    no: str = ""
    status: str = ""
    status_text: str = ""
    sentence: str = ""
    hint: str = ""
    title: str = ""
    art: str = ""
    service: str = ""
    facts: str = ""
    when: str = ""
    area: str = ""
    detail: str = ""
    contact: str = ""
    requirements: str = ""
    note: str = ""
    code: str = ""
    """The start code spaced out, "" while it is of no use."""
    late: str = ""
    """When the visit is expected to begin, and what may be done; "" while it is in time."""
    seconds_left: int = 0
    """Of the time to pay; 0 when no clock runs for the customer."""
    steps: tuple[StepMark, ...] = ()
    log: tuple[LogLine, ...] = ()
    lines: tuple[PriceLine, ...] = ()
    total: str = ""
    due_text: str = ""
    payments: tuple[PaymentLine, ...] = ()
    has_technician: bool = False
    technician: OrderTechnician = OrderTechnician()
    crew: tuple[Mate, ...] = ()
    """Everybody of a visit of several people, the lead first."""
    track: Track = Track()
    actions: OrderActions = OrderActions()
    photos: tuple[str, ...] = ()
    placed: str = ""
    proposal: ProposalCard = field(default_factory=ProposalCard)
    """An add-on that waits for the customer."""
    can_tip: bool = False
    has_invoice: bool = False
    """Whether an invoice may be asked for."""
    secures: bool = False
    """It waits for a guarantee, for no payment."""
    guarantee: str = ""
    """A sentence about what is taken from it, "" for nothing."""


@dataclass(frozen=True, slots=True)
class CancelPreview:
    no: str = ""
    title: str = ""
    when: str = ""
    fee: str = ""
    refund: str = ""
    to_points: str = ""
    """What of it goes back to points; empty for nothing…"""
    to_balance: str = ""
    """…and to the balance."""
    paid: str = ""
    refund_fen: int = 0
    is_secured: bool = False
    """Guaranteed, not paid."""
    is_free: bool = True
    rule: str = ""
    """Why, in one sentence."""
    rule_key: str = ""
    """Its name in `domain.cancellation`."""
    allowance: str = ""
    """What becomes of the month's free cancellations at short notice; "" where the order has none."""


@dataclass(frozen=True, slots=True)
class MovePreview:
    """What moving a visit costs and what is to be known for the grid."""

    no: str = ""
    title: str = ""
    when: str = ""
    fee: str = ""
    moves_left: int = 0
    may: bool = False


@dataclass(frozen=True, slots=True)
class ReviewForm:
    no: str = ""
    title: str = ""
    technician: str = ""
    art: str = ""
    may: bool = False
    done: bool = False
    photos: tuple[str, ...] = ()
