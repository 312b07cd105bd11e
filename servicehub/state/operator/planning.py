"""Visits planned ahead: kept current; planned anew on demand, with a way to stop."""

import reflex as rx

from servicehub.domain.access import Permission
from servicehub.queries.operator.planning import plan_ahead
from servicehub.services.dispatching import planning
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics
from servicehub.texts import say
from servicehub.viewmodels.operator_planning import PlanAhead


@roles("operator")
class PlanningState(OperatorPage, rx.State):
    """The page as it is shown."""

    shown: PlanAhead = PlanAhead()
    may_plan: bool = False

    @handler(background=True)
    async def watch(self) -> None:
        """Keep the page current."""
        actor = await self._admit(Permission.DISPATCH_READ)
        if actor is None:
            return
        async with self:
            self.may_plan = actor.may(Permission.DISPATCH_ASSIGN) and not actor.district_ids
        await self._watch(city_topics(actor), self._reload, settle_s=SETTLE_S / 2, every_s=30)

    async def _reload(self) -> None:
        shown = await self._read(plan_ahead)
        async with self:
            self.shown, self.ready = shown, True

    @handler
    async def start(self) -> None:
        """Plan anew now."""
        await self._write(planning.request)
        await self._toast(say(self._locale(), "Planning anew. You may leave this page."))
        self.shown = await self._read(plan_ahead)

    @handler
    async def stop(self) -> None:
        """End the open run with what it has."""
        if self.shown.open_run:
            await self._write(planning.stop, self.shown.open_run)
        self.shown = await self._read(plan_ahead)
