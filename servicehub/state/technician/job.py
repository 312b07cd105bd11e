"""One job worked through: each handler is one step of the visit; the page follows the order's topic."""

import functools
from typing import Any

import reflex as rx

from servicehub import bus
from servicehub.errors import NotFound, WrongStartCode
from servicehub.queries.technician import job
from servicehub.services import fulfilment
from servicehub.state.base import handler, roles
from servicehub.state.technician.base import TechnicianPage, field
from servicehub.texts import N_, say
from servicehub.texts.refusals import refusal
from servicehub.viewmodels.technician import Job
from servicehub.workflows import checkout


@roles("technician")
class JobState(TechnicianPage, rx.State):
    """The job of the address."""

    job: Job = Job()
    code_error: str = ""

    @handler(background=True)
    async def open(self) -> None:
        """Forget another job, read this one, then follow it."""
        number = self._order_no()
        async with self:
            if self.job.no != number:
                self.job, self.ready, self.code_error = Job(), False, ""
        await self._watch(
            [bus.order(number), *await self._topics()], functools.partial(self._reload, number), every_s=60
        )

    async def _reload(self, number: str) -> None:
        try:
            read = await self._read(job.job, number)
        except NotFound:  # handed over meanwhile, or never his
            read = Job()
        async with self:
            self.job, self.ready = read, True

    @handler
    async def refresh(self) -> None:
        """Read again: a photo has arrived."""
        await self._reload(self._order_no())

    @handler
    async def depart(self) -> None:
        """Set out."""
        await self._write(fulfilment.depart, self._order_no())
        await self._done(N_("Have a good trip. The customer can see you now."))

    @handler
    async def arrive(self, form: dict) -> None:
        """Be at the door: the phone's position is checked; without one the page asks for a reason."""
        try:
            lat, lng = float(field(form, "lat", 24)), float(field(form, "lng", 24))
        except ValueError:
            await self._effect("open:manual")
            return
        await self._write(fulfilment.arrive, self._order_no(), lat, lng)
        await self._done(N_("Arrival noted"), effect="scroll:top")

    @handler
    async def arrive_without_position(self, form: dict) -> None:
        """Be at the door with a phone that cannot tell; operations see the reason."""
        await self._write(fulfilment.arrive_without_position, self._order_no(), reason=field(form, "reason"))
        await self._done(N_("Arrival noted"), "manual")

    @handler
    async def start(self, form: dict) -> None:
        """Begin with the customer's code; a wrong one is said under the field."""
        self.code_error = ""
        if await self._write(fulfilment.start, self._order_no(), field(form, "code", 8)):
            await self._done(N_("Service started"), effect="forget:code sound:ok")
        else:
            self.code_error = refusal(self._locale(), WrongStartCode())

    @handler
    async def tick(self, key: str, done: bool) -> None:  # noqa: FBT001 - what a checkbox sends
        """Tick or untick a line of the checklist."""
        await self._write(fulfilment.tick, self._order_no(), str(key)[:40], done=done is True)

    @handler
    async def finish(self) -> None:
        """End the visit; the service says what is missing."""
        await self._write(fulfilment.finish, self._order_no())
        await self._done(N_("Service finished"), "finish", effect="sound:ok scroll:top")

    @handler
    async def cash(self) -> None:
        """The customer has handed the amount over."""
        await self._write(checkout.cash_received, self._order_no())
        await self._done(N_("Noted. The amount is taken off your coming earnings."))

    @handler
    async def give_back(self, form: dict) -> Any:
        """Give the job back, with a reason; it is matched again at once."""
        await self._write(fulfilment.technician_cancel, self._order_no(), reason=_reason(self._locale(), form))
        await self._done(N_("Given back. We find somebody else."), "cancel")
        return rx.redirect(self._to("/technician/"))

    @handler
    async def no_show(self) -> None:
        """Leave after waiting for a customer who is not there."""
        await self._write(fulfilment.customer_no_show, self._order_no())
        await self._done(N_("Noted. The call-out fee is yours."), "noshow")


REASONS: dict[str, str] = {
    "unwell": N_("I am unwell"),
    "accident": N_("Accident or breakdown on the way"),
    "late": N_("The job before takes longer"),
    "tools": N_("Tools or material are missing"),
    "unsafe": N_("The place is unsafe"),
}
"""Why a technician gives a job back."""


def _reason(locale: str, form: dict) -> str:
    """The chosen reason in words, with what was added."""
    chosen, more = REASONS.get(field(form, "reason")), field(form, "more", 120)
    return ": ".join(part for part in (say("zh" if locale == "zh" else "en", chosen) if chosen else "", more) if part)
