"""Every deferred job of the product: its name and the workflow or service that carries it out. Holds no rule.

The name is what `outbox.defer` was given. A handler is idempotent: it may run again after a crash or a lost answer.
"""

from __future__ import annotations

from servicehub.jobs.registry import handler
from servicehub.workflows import checkout, payouts, refunds, rehearsing

handler("payment_query")(checkout.query)
handler("payment_close")(checkout.close)
handler("refund")(refunds.send)
handler("payout")(payouts.send)
handler("rehearsal")(rehearsing.run)
