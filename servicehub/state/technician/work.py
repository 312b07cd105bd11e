"""The workbench: on and off duty, the open offer, the next job. The page follows the technician's topic."""

import reflex as rx

from servicehub.queries.technician import workbench
from servicehub.services import absences, dispatching, fulfilment, technicians
from servicehub.state.base import handler, roles
from servicehub.state.technician.base import TechnicianPage, field, order_number, whole
from servicehub.texts import N_
from servicehub.viewmodels.technician import NextJob, OfferCard, Workbench

EVERY_S = 60.0
"""Hints about when to leave grow old without any event."""


@roles("technician")
class WorkState(TechnicianPage, rx.State):
    """What the workbench shows."""

    board: Workbench = Workbench()
    offer: OfferCard = OfferCard()
    job: NextJob = NextJob()

    @handler(background=True)
    async def open(self) -> None:
        """Read, then follow."""
        await self._watch(await self._topics(), self._reload, every_s=EVERY_S)

    async def _reload(self) -> None:
        board = await self._read(workbench.workbench)
        offer = await self._read(workbench.open_offer)
        job = await self._read(workbench.next_job)
        async with self:
            if offer.id and offer.id != self.offer.id and self.ready:
                await self._effect("sound:offer vibrate")
            self.board, self.offer, self.job, self.ready = board, offer, job, True

    @handler
    async def toggle(self) -> None:
        """Go online, or off duty."""
        await self._write(technicians.set_online, not self.board.online)
        await self._toast_online()

    async def _toast_online(self) -> None:
        await self._done(N_("Off duty") if self.board.online else N_("Taking orders"))

    @handler
    async def accept(self, offer_id: int) -> None:
        """Take the offered job."""
        await self._write(dispatching.accept, whole(offer_id, 1, 10**15))
        await self._done(N_("Accepted, added to your schedule"), effect="sound:ok")

    @handler
    async def decline(self, form: dict) -> None:
        """Refuse it with a reason; the next technician is asked at once."""
        offer_id = whole(field(form, "offer"), 1, 10**15)
        await self._write(dispatching.decline, offer_id, field(form, "reason") or "other")
        await self._done(N_("Declined"), "why")

    @handler
    async def expired(self) -> None:
        """The ring ran out: look again."""
        await self._effect("close:why")
        await self._reload()

    @handler
    async def stop_today(self, form: dict) -> None:
        """Be away for the rest of the day; whoever waits is told, and others are asked at once."""
        handed = await self._write(absences.stop_today, field(form, "reason"))
        await self._done(
            N_("You are off for today. {asked} of {visits} visits have already been offered to somebody else."),
            "stop",
            asked=handed.asked,
            visits=handed.visits,
        )

    @handler
    async def depart(self, order_no: str) -> None:
        """Set out for the next job."""
        await self._write(fulfilment.depart, order_number(order_no))
        await self._done(N_("Have a good trip. The customer can see you now."))
