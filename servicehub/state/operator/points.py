"""The rules of points: shown beside the commission rules, adopted as a new version with a reason."""

from typing import Any

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.domain.money import fen_of
from servicehub.errors import Invalid
from servicehub.queries.operator.points import points_rules
from servicehub.services import policies
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics, reason_of
from servicehub.texts import N_, say
from servicehub.viewmodels.operator_policy import PointsRules

COUNTS = ("per_yuan", "least", "months")
REFUSED: dict[str, str] = {
    "": N_("Something in this request is not right. Please check it."),
    "per_yuan": N_("Between 0 and 20 points for each yuan."),
    "most_bp": N_("Points pay at most 100 % of an order."),
    "least": N_("Between 1 and 100,000 points at once."),
    "months": N_("Between 1 and 60 months."),
}


def _count(text: object) -> int:
    written = str(text or "").strip()
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 6 else -1


@roles("operator")
class PointsRulesState(OperatorPage, rx.State):
    """The rules as they are shown."""

    shown: PointsRules = PointsRules()

    @handler(background=True)
    async def watch(self) -> None:
        """Keep the rules current."""
        actor = await self._admit(Permission.LEDGER_READ)
        if actor is not None:
            await self._watch(city_topics(actor), self._reload, settle_s=SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        shown = await self._read(points_rules)
        async with self:
            self.shown, self.ready = shown, True

    @handler
    async def adopt(self, form: dict[str, Any]) -> None:
        """Adopt other rules, on top of the version that the form was made from."""
        wanted = {name: _count(form.get(name)) for name in COUNTS} | {"most_bp": fen_of(form.get("most_bp") or "")}
        try:
            await self._write(policies.adopt_points, wanted, base=self.shown.version, note=reason_of(form))
        except Invalid as refusal:
            text = REFUSED.get(str(refusal.params.get("field")), REFUSED[""])
            await self._toast(say(self._locale(), text))
            return
        self.shown = await self._read(points_rules)
        await self._done(say(self._locale(), N_("The rules of points are in force")), "points")
