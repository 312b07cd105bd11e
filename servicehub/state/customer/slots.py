"""The sheet in which a time and a technician are chosen, on a service's page and on the booking page."""

from dataclasses import replace

import reflex as rx

from servicehub.errors import Invalid
from servicehub.queries.customer import people, slots
from servicehub.queries.customer.slots import Asked
from servicehub.state.base import handler, roles
from servicehub.state.customer.base import CustomerPage, Draft, instant
from servicehub.texts import N_, say
from servicehub.viewmodels.customer.catalog import SlotBoard, TechnicianCard


@roles("public")
class SlotState(CustomerPage, rx.State):
    """Days, starts and people of the draft's service. `picked` is an ISO instant, "" while nothing fits."""

    board: SlotBoard = SlotBoard()
    picked: str = ""
    label: str = ""
    """The button: `确认 11月23日 周一 14:00`."""
    helpers: tuple[TechnicianCard, ...] = ()
    """Technicians to ask for by name: those who served before, and the chosen one."""
    technician: int = 0
    gender: str = ""
    seq: int = 0
    """Changes with every grid, so that choices show their defaults again."""

    @handler
    async def load(self) -> None:
        """Read the grid of the draft's day, or of the first day with a free start."""
        draft = await self._draft()
        if not draft.service:
            return
        self.technician, self.gender = draft.technician, draft.gender
        further = tuple(slug for slug, _count in draft.further)
        self.helpers = await self._read(people.regulars, draft.technician, draft.service, further, await self._place())
        start = draft.start_at()
        await self._show(draft, day="", wanted=start.isoformat() if start else "")
        self.ready = True

    @handler
    async def pick_day(self, day: str) -> None:
        """Another day of the grid."""
        await self._show(await self._draft(), day=str(day)[:10])

    @handler
    async def pick(self, value: str) -> None:
        """A start of the shown grid."""
        cell = next((c for c in self.board.cells if c.value == str(value) and not c.full), None)
        if cell is None:
            raise Invalid("slot")
        self.picked = cell.value
        self._name()

    @handler
    async def pick_technician(self, technician: int) -> None:
        """Ask for a technician by name, or 0: the platform matches."""
        wanted = int(technician) if str(technician).isdigit() else 0
        if wanted and wanted not in {row.id for row in self.helpers}:
            raise Invalid("technician")
        self.technician = wanted
        await self._again()

    @handler
    async def pick_gender(self, gender: str) -> None:
        """Ask for a woman, a man, or anybody ("")."""
        self.gender = str(gender) if gender in ("female", "male") else ""
        await self._again()

    @handler
    async def confirm(self) -> rx.event.EventSpec | None:
        """Keep the choice and go on to the booking page."""
        if instant(self.picked) is None:
            raise Invalid("slot")
        draft = replace(await self._draft(), start=self.picked, technician=self.technician, gender=self.gender)
        await self._keep(draft)
        await self._effect("close:slots")
        return rx.redirect(self._to("/book/"))

    async def _again(self) -> None:
        await self._show(await self._draft(), day=self.board.day, wanted=self.picked)

    async def _show(self, draft: Draft, *, day: str, wanted: str = "") -> None:
        asked = Asked(
            draft.service,
            draft.quantity,
            draft.add_ons,
            await self._place(),
            self.technician,
            self.gender,
            draft.address,
            draft.further,
        )
        self.board = await self._read(slots.board, asked, day, wanted)
        free = {cell.value for cell in self.board.cells if cell.value and not cell.full}
        self.picked = wanted if wanted in free else self.board.best
        self.seq += 1
        self._name()

    def _name(self) -> None:
        locale, start = self._locale(), instant(self.picked)
        nothing = say(locale, N_("Choose a time"))
        self.label = slots.named(start, locale=locale) if start else nothing
