"""Who acts: roles, permissions and the `Actor` that every service and query takes as its second argument.

Owns the permission table. An `Actor` is made from the server-side session only, never from anything a browser sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from servicehub.errors import NotAllowed


class Role(StrEnum):
    """Which of the three faces a user belongs to; SYSTEM is the platform's own work."""

    CUSTOMER = "customer"
    TECHNICIAN = "technician"
    OPERATOR = "operator"
    SYSTEM = "system"


class OperatorRole(StrEnum):
    ADMIN = "admin"
    DISPATCHER = "dispatcher"
    SUPPORT = "support"
    FINANCE = "finance"
    QUALITY = "quality"
    CITY_MANAGER = "city_manager"


class Permission(StrEnum):
    """`resource:action` of the operators' work."""

    OVERVIEW_READ = "overview:read"
    ORDER_READ = "order:read"
    ORDER_CANCEL = "order:cancel"
    ORDER_REFUND = "order:refund"
    DISPATCH_READ = "dispatch:read"
    DISPATCH_ASSIGN = "dispatch:assign"
    TECHNICIAN_READ = "technician:read"
    TECHNICIAN_REVIEW = "technician:review"
    TECHNICIAN_ADJUST = "technician:adjust"
    WALLET_CREDIT = "wallet:credit"
    INVOICE_ISSUE = "invoice:issue"
    LEDGER_READ = "ledger:read"
    WITHDRAWAL_REVIEW = "withdrawal:review"
    WITHDRAWAL_LIMITS = "withdrawal:limits"
    """Not of those who decide about withdrawals: the limit from which two of them are needed is among these."""
    COMMISSION_WRITE = "commission:write"
    """What technicians are paid. Finance reads and tries rules (`ledger:read`) but does not adopt them."""
    POINTS_WRITE = "points:write"
    """How customers earn and use points."""
    DEPOSIT_WRITE = "deposit:write"
    """What technicians put aside as a guarantee. Not of those who give it back."""
    RECONCILE = "reconciliation:resolve"
    CATALOG_WRITE = "catalog:write"
    CONTACT_REVEAL = "contact:reveal"
    AUDIT_READ = "audit:read"
    POLICY_WRITE = "policy:write"


_P = Permission
_READ = frozenset({_P.OVERVIEW_READ, _P.ORDER_READ, _P.DISPATCH_READ, _P.TECHNICIAN_READ})
PERMISSIONS: dict[OperatorRole, frozenset[Permission]] = {
    OperatorRole.ADMIN: frozenset(Permission),
    OperatorRole.DISPATCHER: _READ | {_P.DISPATCH_ASSIGN, _P.CONTACT_REVEAL, _P.POLICY_WRITE},
    OperatorRole.SUPPORT: _READ | {_P.ORDER_CANCEL, _P.ORDER_REFUND, _P.CONTACT_REVEAL},
    OperatorRole.FINANCE: _READ
    | {
        _P.ORDER_REFUND,
        _P.LEDGER_READ,
        _P.WITHDRAWAL_REVIEW,
        _P.RECONCILE,
        _P.AUDIT_READ,
        _P.TECHNICIAN_ADJUST,
        _P.WALLET_CREDIT,
        _P.INVOICE_ISSUE,
    },
    OperatorRole.QUALITY: _READ | {_P.TECHNICIAN_REVIEW},
    OperatorRole.CITY_MANAGER: _READ | {_P.ORDER_CANCEL, _P.DISPATCH_ASSIGN, _P.TECHNICIAN_REVIEW},
}
"""What each operator role may do. ADMIN may do everything; nobody else touches dispatch and money both."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is acting, as the server knows it.

    `technician_id` is set for technicians, `district_ids` narrows a city manager (empty: the whole city).
    """

    user_id: int
    role: Role
    city_id: int = 0
    technician_id: int = 0
    operator_role: OperatorRole | None = None
    district_ids: frozenset[int] = frozenset()

    def may(self, permission: Permission) -> bool:
        return self.operator_role is not None and permission in PERMISSIONS[self.operator_role]

    def require(self, permission: Permission) -> None:
        """Raises: NotAllowed when this actor's role lacks `permission`."""
        if not self.may(permission):
            raise NotAllowed(f"{self.role}/{self.operator_role} lacks {permission}")

    def require_role(self, *roles: Role) -> None:
        """Raises: NotAllowed when the actor is of none of `roles`."""
        if self.role not in roles:
            raise NotAllowed(f"{self.role} is none of {roles}")


SYSTEM = Actor(user_id=0, role=Role.SYSTEM)
ANONYMOUS = Actor(user_id=0, role=Role.CUSTOMER)
