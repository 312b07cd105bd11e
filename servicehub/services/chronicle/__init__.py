"""Taking over finished orders of the past: what a company brings along from elsewhere, or a demo city's history.

The fast path of the same rules: prices by `domain.pricing`, fees by `domain.cancellation`, shares by `domain.settlement`, the log
as the machine would have written it, every amount posted to the ledger; only written in bulk. Nothing here touches a live order,
and no occupancy is taken: the past needs none. `values` is what comes in, `story` what one order becomes, `store` the rows.
"""

from servicehub.services.chronicle.store import import_orders, make_batches
from servicehub.services.chronicle.values import Outcome, PastOrder, PastReview, overlaps

__all__ = ["Outcome", "PastOrder", "PastReview", "import_orders", "make_batches", "overlaps"]
