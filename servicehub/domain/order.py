"""The order's machine: fulfilment only. Payment, refund and offer have small machines of their own.

Owns the statuses, the events, the literal table and the sets that slot bookkeeping and screens derive from it.
"""

from __future__ import annotations

from enum import StrEnum

from servicehub.domain.access import Role
from servicehub.domain.machine import Machine, Step


class OrderStatus(StrEnum):
    PENDING_PAYMENT = "pending_payment"
    MATCHING = "matching"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    EN_ROUTE = "en_route"
    ARRIVED = "arrived"
    IN_SERVICE = "in_service"
    AWAITING_BALANCE = "awaiting_balance"
    AWAITING_CONFIRM = "awaiting_confirm"
    COMPLETED = "completed"
    DISPUTED = "disputed"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class OrderEvent(StrEnum):
    PAY = "pay"
    PAY_CHOSEN = "pay_chosen"
    PAY_TIMEOUT = "pay_timeout"
    LATE_PAY = "late_pay"
    REVIVE = "revive"
    CANCEL = "cancel"
    FORCE_CANCEL = "force_cancel"
    GRAB = "grab"
    DISPATCH = "dispatch"
    MATCH_TIMEOUT = "match_timeout"
    RESCHEDULE = "reschedule"
    ACCEPT = "accept"
    DECLINE = "decline"
    OFFER_TIMEOUT = "offer_timeout"
    REASSIGN = "reassign"
    DEPART = "depart"
    TECHNICIAN_CANCEL = "technician_cancel"
    NO_SHOW = "no_show"
    ARRIVE = "arrive"
    CUSTOMER_NO_SHOW = "customer_no_show"
    START = "start"
    ALARM = "alarm"
    FINISH_DUE = "finish_due"
    FINISH_PAID = "finish_paid"
    PAY_BALANCE = "pay_balance"
    BALANCE_OVERDUE = "balance_overdue"
    CONFIRM = "confirm"
    AUTO_CONFIRM = "auto_confirm"
    DISPUTE = "dispute"
    RESOLVE_REJECT = "resolve_reject"
    RESOLVE_REFUND = "resolve_refund"
    ESCALATE = "escalate"
    AFTERSALE_END = "aftersale_end"
    LEAD_ENDED = "lead_ended"


class OrderMode(StrEnum):
    """How the order finds its technician; each falls back to the next."""

    CHOOSE = "choose"
    DISPATCH = "dispatch"
    GRAB = "grab"


class PaymentPlan(StrEnum):
    FULL = "full"
    DEPOSIT = "deposit"
    AFTER = "after"


_S, _E = OrderStatus, OrderEvent
_C, _T, _O, _P = Role.CUSTOMER, Role.TECHNICIAN, Role.OPERATOR, Role.SYSTEM


def _step(
    source: OrderStatus, event: OrderEvent, target: OrderStatus, by: str, guard: str = "", effect: str = ""
) -> Step[OrderStatus, OrderEvent]:
    roles = {"C": _C, "T": _T, "O": _O, "P": _P}
    return Step(source, event, target, frozenset(roles[k] for k in by), guard, effect)


_LIVE_BEFORE_END = (
    _S.PENDING_PAYMENT, _S.MATCHING, _S.ASSIGNED, _S.ACCEPTED, _S.EN_ROUTE, _S.ARRIVED, _S.IN_SERVICE,
    _S.AWAITING_BALANCE, _S.AWAITING_CONFIRM,
)  # fmt: skip

_COMPANION = tuple(s for s in _LIVE_BEFORE_END if s not in (_S.PENDING_PAYMENT, _S.AWAITING_BALANCE))
"""What a companion of a visit of several people goes through: his order is never paid by itself."""

STEPS: tuple[Step[OrderStatus, OrderEvent], ...] = (
    _step(
        _S.PENDING_PAYMENT,
        _E.PAY,
        _S.MATCHING,
        "P",
        "first payment kept; nobody chosen, or the chosen slot is lost",
        "escrow += paid; coupon used; hold kept until somebody is asked, released for the hall",
    ),
    _step(
        _S.PENDING_PAYMENT,
        _E.PAY_CHOSEN,
        _S.ASSIGNED,
        "P",
        "first payment kept; chosen technician's cells still held",
        "escrow += paid; hold -> job cells; offer",
    ),
    _step(
        _S.PENDING_PAYMENT,
        _E.PAY_TIMEOUT,
        _S.EXPIRED,
        "P",
        "deadline passed; gateway asked first",
        "cells and coupon released",
    ),
    _step(_S.PENDING_PAYMENT, _E.CANCEL, _S.CANCELLED, "CO", "", "cells and coupon released"),
    _step(
        _S.EXPIRED,
        _E.LATE_PAY,
        _S.EXPIRED,
        "P",
        "verified payment after expiry, slot gone",
        "booked as refund due; refunded in full",
    ),
    _step(
        _S.EXPIRED,
        _E.REVIVE,
        _S.MATCHING,
        "P",
        "verified payment after expiry; somebody is still free at that time",
        "escrow += paid; dispatched anew",
    ),
    _step(
        _S.CANCELLED,
        _E.LATE_PAY,
        _S.CANCELLED,
        "P",
        "verified payment after cancelling",
        "booked as refund due; refunded in full",
    ),
    _step(
        _S.MATCHING, _E.GRAB, _S.ACCEPTED, "T", "eligible; nobody faster; cells free", "job cells; other offers void"
    ),
    _step(
        _S.MATCHING, _E.DISPATCH, _S.ASSIGNED, "PO", "hard rules hold; cells free", "job cells; offer with a deadline"
    ),
    _step(
        _S.MATCHING,
        _E.MATCH_TIMEOUT,
        _S.EXPIRED,
        "P",
        "rounds exhausted and nobody took it",
        "full refund; coupon back; apology coupon",
    ),
    _step(
        _S.MATCHING,
        _E.RESCHEDULE,
        _S.MATCHING,
        "CO",
        "fewer than 3 moves; somebody is free",
        "new window; rounds start again",
    ),
    _step(_S.MATCHING, _E.CANCEL, _S.CANCELLED, "C", "", "full refund; coupon back"),
    _step(
        _S.ASSIGNED,
        _E.ACCEPT,
        _S.ACCEPTED,
        "T",
        "the open offer is this technician's and not past its deadline",
        "offer accepted",
    ),
    _step(_S.ASSIGNED, _E.DECLINE, _S.MATCHING, "T", "", "cells released; next round"),
    _step(_S.ASSIGNED, _E.OFFER_TIMEOUT, _S.MATCHING, "P", "deadline passed", "cells released; next round"),
    _step(
        _S.ASSIGNED,
        _E.REASSIGN,
        _S.ASSIGNED,
        "O",
        "new technician's cells free",
        "cells swapped; new offer; reason audited",
    ),
    _step(_S.ASSIGNED, _E.CANCEL, _S.CANCELLED, "C", "", "full refund; cells released; coupon back"),
    _step(_S.ACCEPTED, _E.DEPART, _S.EN_ROUTE, "T", "not earlier than the depart window", "live position on"),
    _step(
        _S.ACCEPTED,
        _E.RESCHEDULE,
        _S.ACCEPTED,
        "CO",
        "fewer than 3 moves; the same technician is free",
        "cells deleted and inserted in one transaction; fee when late",
    ),
    _step(
        _S.ACCEPTED,
        _E.REASSIGN,
        _S.ASSIGNED,
        "PO",
        "new technician's cells free; by the platform only when it would be late",
        "cells swapped; new offer; reason audited",
    ),
    _step(
        _S.ACCEPTED, _E.TECHNICIAN_CANCEL, _S.MATCHING, "T", "reason given", "cells released; first in the queue again"
    ),
    _step(
        _S.ACCEPTED,
        _E.NO_SHOW,
        _S.MATCHING,
        "P",
        "20 minutes past the start without arrival",
        "cells released; compensation coupon; first in the queue",
    ),
    _step(_S.ACCEPTED, _E.CANCEL, _S.CANCELLED, "C", "", "fee by notice; rest refunded; cells released"),
    _step(_S.EN_ROUTE, _E.ARRIVE, _S.ARRIVED, "T", "within the arrival radius", "live position off"),
    _step(
        _S.EN_ROUTE,
        _E.REASSIGN,
        _S.ASSIGNED,
        "O",
        "new technician's cells free",
        "cells swapped; new offer; reason audited",
    ),
    _step(
        _S.EN_ROUTE, _E.TECHNICIAN_CANCEL, _S.MATCHING, "T", "reason given", "cells released; first in the queue again"
    ),
    _step(
        _S.EN_ROUTE,
        _E.NO_SHOW,
        _S.MATCHING,
        "P",
        "20 minutes past the start without arrival",
        "cells released; compensation coupon; first in the queue",
    ),
    _step(_S.EN_ROUTE, _E.CANCEL, _S.CANCELLED, "C", "", "travel + fee; rest refunded; cells released"),
    _step(_S.ARRIVED, _E.START, _S.IN_SERVICE, "T", "the customer's start code", "start time"),
    _step(
        _S.ARRIVED,
        _E.CUSTOMER_NO_SHOW,
        _S.CANCELLED,
        "T",
        "waited 15 minutes",
        "no-show fee to the technician; rest refunded; cells released",
    ),
    _step(_S.ARRIVED, _E.CANCEL, _S.CANCELLED, "C", "", "no-show fee; rest refunded; cells released"),
    _step(_S.ARRIVED, _E.ALARM, _S.ARRIVED, "P", "60 minutes without a start", "operators alerted; no money moves"),
    _step(
        _S.IN_SERVICE,
        _E.FINISH_DUE,
        _S.AWAITING_BALANCE,
        "T",
        "photos and checklist done; balance > 0",
        "unused cells released; balance asked",
    ),
    _step(
        _S.IN_SERVICE,
        _E.FINISH_PAID,
        _S.AWAITING_CONFIRM,
        "T",
        "photos and checklist done; balance = 0",
        "unused cells released",
    ),
    _step(
        _S.IN_SERVICE,
        _E.ALARM,
        _S.IN_SERVICE,
        "P",
        "twice the planned time and an hour",
        "operators alerted; no money moves",
    ),
    _step(
        _S.AWAITING_BALANCE,
        _E.PAY_BALANCE,
        _S.AWAITING_CONFIRM,
        "P",
        "sum of kept payments covers the price",
        "escrow += balance",
    ),
    _step(
        _S.AWAITING_BALANCE,
        _E.BALANCE_OVERDUE,
        _S.DISPUTED,
        "P",
        "7 days unpaid",
        "collection case; new orders refused",
    ),
    _step(_S.AWAITING_BALANCE, _E.DISPUTE, _S.DISPUTED, "C", "reason given", "case opened"),
    _step(_S.AWAITING_CONFIRM, _E.CONFIRM, _S.COMPLETED, "C", "", "settled: escrow -> technician pending + commission"),
    _step(_S.AWAITING_CONFIRM, _E.AUTO_CONFIRM, _S.COMPLETED, "P", "24 hours passed", "same as confirm"),
    _step(_S.AWAITING_CONFIRM, _E.DISPUTE, _S.DISPUTED, "C", "reason given", "escrow stays"),
    _step(
        _S.COMPLETED,
        _E.DISPUTE,
        _S.DISPUTED,
        "C",
        "inside the after-sales window",
        "pending earning of this order frozen",
    ),
    _step(_S.COMPLETED, _E.AFTERSALE_END, _S.CLOSED, "P", "warranty over", ""),
    _step(
        _S.DISPUTED,
        _E.PAY_BALANCE,
        _S.AWAITING_CONFIRM,
        "P",
        "the balance was overdue, and is paid now",
        "escrow += balance",
    ),
    _step(_S.DISPUTED, _E.RESOLVE_REJECT, _S.COMPLETED, "O", "reason given", "unfrozen; settled if it was not"),
    _step(
        _S.DISPUTED,
        _E.RESOLVE_REFUND,
        _S.CLOSED,
        "O",
        "amount <= paid - refunded",
        "refund from escrow, else clawed back",
    ),
    _step(_S.DISPUTED, _E.ESCALATE, _S.DISPUTED, "P", "72 hours without a verdict", "operators alerted"),
    *(
        _step(s, _E.LEAD_ENDED, _S.CANCELLED, "P", "companion; its visit ended or moved", "cells released; no money")
        for s in _COMPANION
    ),
    *(
        _step(
            s, _E.FORCE_CANCEL, _S.CANCELLED, "O", "reason given", "full refund; cells released; coupon back; audited"
        )
        for s in _LIVE_BEFORE_END
        if s is not _S.PENDING_PAYMENT
    ),
)

ORDER: Machine[OrderStatus, OrderEvent] = Machine(
    name="order",
    initial=frozenset({_S.PENDING_PAYMENT, _S.MATCHING}),
    final=frozenset({_S.CLOSED, _S.CANCELLED, _S.EXPIRED}),
    steps=STEPS,
    timers={
        _S.PENDING_PAYMENT: _E.PAY_TIMEOUT,
        _S.MATCHING: _E.MATCH_TIMEOUT,
        _S.ASSIGNED: _E.OFFER_TIMEOUT,
        _S.ACCEPTED: _E.NO_SHOW,
        _S.EN_ROUTE: _E.NO_SHOW,
        _S.ARRIVED: _E.ALARM,
        _S.IN_SERVICE: _E.ALARM,
        _S.AWAITING_BALANCE: _E.BALANCE_OVERDUE,
        _S.AWAITING_CONFIRM: _E.AUTO_CONFIRM,
        _S.COMPLETED: _E.AFTERSALE_END,
        _S.DISPUTED: _E.ESCALATE,
    },
    revivals=frozenset({_E.REVIVE}),
)
"""A late payment may revive an EXPIRED order (which is otherwise final) through `revive`, after re-acquiring the time."""

HOLDING = frozenset({_S.PENDING_PAYMENT, _S.ASSIGNED, _S.ACCEPTED, _S.EN_ROUTE, _S.ARRIVED, _S.IN_SERVICE})
"""Statuses in which an order with a technician owns occupancy cells (PENDING_PAYMENT: of the chosen one, or of anybody who could come)."""
ACTIVE = frozenset(_LIVE_BEFORE_END)
"""Statuses of an order that is neither done nor dead."""
TRACKED = frozenset({_S.EN_ROUTE})
"""Statuses in which the customer may see the technician's position."""
TIPPABLE = frozenset({_S.AWAITING_CONFIRM, _S.COMPLETED, _S.CLOSED})
"""Statuses in which the customer may thank whoever came with a tip, once."""
CONTACT_OPEN = frozenset(
    {_S.ACCEPTED, _S.EN_ROUTE, _S.ARRIVED, _S.IN_SERVICE, _S.AWAITING_BALANCE, _S.AWAITING_CONFIRM}
)
"""Statuses in which the assigned technician sees the door number and may reach the customer."""
