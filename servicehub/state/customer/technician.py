"""A technician's page."""

from dataclasses import replace

import reflex as rx

from servicehub.errors import NotFound
from servicehub.queries.customer import slots, technicians
from servicehub.state.base import handler, roles
from servicehub.state.customer.base import CustomerPage
from servicehub.viewmodels.customer.catalog import TechnicianDetail


@roles("public")
class TechnicianState(CustomerPage, rx.State):
    """The technician that the address names."""

    detail: TechnicianDetail = TechnicianDetail()
    gone: bool = False

    @handler
    async def load(self) -> None:
        """Read the page."""
        part, place = self._last_part(), await self._place()
        number = int(part) if part.isascii() and part.isdigit() and len(part) < 13 else 0
        if number != self.detail.id:
            self.detail, self.ready = TechnicianDetail(), False
        try:
            found = await self._read(technicians.technician, number, place)
        except NotFound:
            self.gone, self.ready = True, True
            return
        free = await self._read(slots.free_times, number, place)
        self.detail, self.gone, self.ready, self.problem = replace(found, free=free), False, True, ""
