"""Every deferred job of the product: its name and the workflow or service that carries it out. Holds no rule.

The name is what `outbox.defer` was given. A handler is idempotent: it may run again after a crash or a lost answer.
"""

from __future__ import annotations

from servicehub.jobs.registry import handler
from servicehub.workflows import checkout, guaranteeing, payouts, refunds, rehearsing, sharing

handler("payment_query")(checkout.query)
handler("payment_close")(checkout.close)
handler("payment_lapse")(checkout.lapse)
handler("guarantee_query")(guaranteeing.query)
handler("guarantee_capture")(guaranteeing.capture)
handler("guarantee_release")(guaranteeing.release)
handler("refund")(refunds.send)
handler("payout")(payouts.send)
handler("share")(sharing.send)
handler("rehearsal")(rehearsing.run)
