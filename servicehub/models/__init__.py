"""Every table of the product; importing this package registers them all on `metadata`."""

from servicehub.models import (
    account,
    audit,
    catalog,
    customer,
    delay,
    dispatch,
    job,
    ledger,
    order,
    payment,
    reconciliation,
    technician,
    traffic,
    withdrawal,
)
from servicehub.models.base import metadata

__all__ = [
    "account",
    "audit",
    "catalog",
    "customer",
    "delay",
    "dispatch",
    "job",
    "ledger",
    "metadata",
    "order",
    "payment",
    "reconciliation",
    "technician",
    "traffic",
    "withdrawal",
]
