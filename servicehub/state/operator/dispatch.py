"""The dispatch board: queue, lanes and map kept current; one order selected, its candidates ranked, one of them assigned."""

from dataclasses import replace

import reflex as rx

from servicehub import bus
from servicehub.domain.access import Permission
from servicehub.errors import Invalid
from servicehub.queries.operator.batches import newest
from servicehub.queries.operator.board import board
from servicehub.queries.operator.ranking import Ranked, ranked
from servicehub.services import dispatching
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, city_topics, order_number_of, reason_of
from servicehub.texts import say
from servicehub.viewmodels.operator import CandidateRow
from servicehub.viewmodels.operator_supply import Batch, Lane, QueueRow


@roles("operator")
class DispatchState(OperatorPage, rx.State):
    """The board as it is shown."""

    queue: list[QueueRow] = []
    lanes: list[Lane] = []
    batches: list[Batch] = []
    """The newest decisions, by the instant at which they were made together."""
    pins: str = "[]"
    online: int = 0
    busy: int = 0
    en_route: int = 0
    may_assign: bool = False
    chosen: str = ""
    """Number of the selected order."""
    about: str = ""
    """What the selected order is."""
    again: bool = False
    """Whether somebody has the order already: assigning is then a reassignment and needs a reason."""
    candidates: list[CandidateRow] = []
    now_minute: int = 0
    slow_pct: int = 0
    route: str = ""
    pick_id: int = 0
    pick_name: str = ""

    @handler(background=True)
    async def watch(self) -> None:
        """Select the order of the address, then keep the board current."""
        actor = await self._admit(Permission.DISPATCH_READ)
        if actor is None:
            return
        async with self:
            self.may_assign, self.chosen = actor.may(Permission.DISPATCH_ASSIGN), order_number_of(self._query("order"))
        topics = (*city_topics(actor), bus.positions(str(actor.city_id)))
        await self._watch(topics, self._reload, settle_s=SETTLE_S, every_s=30)

    async def _reload(self) -> None:
        shown = await self._read(board)
        no = self.chosen or (shown.queue[0].no if shown.queue else "")
        found, batches = await self._read(ranked, no), await self._read(newest)
        async with self:
            self.batches = list(batches)
            self.queue, self.lanes, self.pins, self.ready = list(shown.queue), list(shown.lanes), shown.pins, True
            self.now_minute, self.slow_pct = shown.now_minute, shown.slow_pct
            self.online, self.busy, self.en_route = shown.online, shown.busy, shown.en_route
            if self.chosen in ("", no):
                self._take(no, found)

    def _take(self, no: str, found: Ranked) -> None:
        self.chosen, self.about, self.again, self.candidates = no, found.about, found.again, list(found.candidates)
        self.route = found.route
        judged = [
            replace(one, why=why, may=not why and bool(found.verdicts))
            for one in self.lanes
            for why in (found.verdicts.get(one.technician_id, found.otherwise),)
        ]
        rank = {technician_id: place for place, technician_id in enumerate(found.verdicts)}
        self.lanes = sorted(judged, key=lambda one: (not one.may, rank[one.technician_id] if one.may else 0))

    @handler
    async def choose(self, no: str) -> None:
        """Select an order of the queue."""
        wanted = order_number_of(no)
        self._take(wanted, await self._read(ranked, wanted))

    @handler
    async def pick(self, technician_id: int) -> None:
        """Ask whether this technician shall have the order."""
        for row in self.candidates:
            if row.technician_id == technician_id and row.is_feasible:
                self.pick_id, self.pick_name = row.technician_id, row.name
                await self._effect("open:act-assign")

    @handler
    async def assign(self, form: dict) -> None:
        """Give the selected order to the picked technician."""
        if not (self.chosen and self.pick_id):
            raise Invalid("nothing picked")
        await self._write(dispatching.assign, self.chosen, self.pick_id, reason=reason_of(form))
        await self._done(say(self._locale(), "Offered to {name}", name=self.pick_name), "act-assign")
        shown = await self._read(board)
        self.queue, self.lanes = list(shown.queue), list(shown.lanes)
        self._take(self.chosen, await self._read(ranked, self.chosen))
