"""The plan: weekly hours, other hours on single days, time off. Each form is one command."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import reflex as rx

from servicehub.errors import Invalid, JobsInside, ServiceHubError
from servicehub.queries.technician import plan, scope
from servicehub.services import technicians
from servicehub.state.base import handler, roles
from servicehub.state.technician.base import TechnicianPage, field, whole
from servicehub.texts import N_, say
from servicehub.viewmodels.technician import JobInside, Plan, PlanDay

_PROBLEMS: dict[str, str] = {
    "window": N_("Please give times in quarters of an hour, the end after the start."),
    "overlap": N_("These hours overlap with others."),
    "break": N_("The break must lie within the working hours."),
    "many": N_("These are too many parts for one day."),
    "day": N_("This day is over or too far ahead."),
}
COPIES: dict[str, tuple[int, ...]] = {"": (), "workdays": (0, 1, 2, 3, 4), "all": (0, 1, 2, 3, 4, 5, 6)}
"""To which weekdays an edited day is copied."""


@roles("technician")
class PlanState(TechnicianPage, rx.State):
    """The plan and the day whose hours are being edited."""

    plan: Plan = Plan()
    editing: PlanDay = PlanDay()
    editing_seq: int = 0
    """Grows with each opening, so that the form shows the stored hours again."""
    problem: str = ""
    """What is wrong with the form that was sent last."""
    conflicts: list[JobInside] = []
    """Jobs that stand in the way of the absence that was asked for."""

    @handler(background=True)
    async def open(self) -> None:
        """Read, then follow."""
        await self._watch(await self._topics(), self._reload)

    async def _reload(self) -> None:
        read = await self._read(plan.plan)
        async with self:
            self.plan, self.ready = read, True

    async def _refuse(self, error: ServiceHubError) -> None:
        """Refusals appear in the form that asked."""
        if isinstance(error, JobsInside):
            numbers = tuple(str(no) for no in error.params.get("orders", ()))  # type: ignore[attr-defined]
            self.conflicts = await self._read(plan.jobs_inside, numbers)
        reason = str(error.params.get("reason", ""))
        if reason in _PROBLEMS:
            self.problem = say(self._locale(), _PROBLEMS[reason])
        else:
            await super()._refuse(error)

    def _fresh(self) -> None:
        self.problem, self.conflicts = "", []

    @handler
    async def edit(self, weekday: int) -> None:
        """Open the hours of one weekday."""
        self._fresh()
        self.editing = self.plan.days[whole(weekday, 0, len(self.plan.days) - 1)]
        self.editing_seq += 1
        await self._effect("open:hours")

    @handler
    async def save_day(self, form: dict) -> None:
        """Replace the hours of the edited weekday, and of those it is copied to."""
        self._fresh()
        weekday = whole(field(form, "weekday"), 0, 6)
        days = {weekday, *COPIES.get(field(form, "copy"), ())}
        made = _day(form)
        kept = [row for row in await self._read(plan.windows) if row[0] not in days]
        await self._write(technicians.set_week, [*kept, *((day, *row) for day in days for row in made)])
        await self._done(N_("Saved"), "hours")

    @handler
    async def save_special(self, form: dict) -> None:
        """Other hours, or none, on one day."""
        self._fresh()
        windows = [] if field(form, "off") else [_span(field(form, "start"), field(form, "end"))]
        await self._write(technicians.set_exception, _date(field(form, "day")), windows)
        await self._done(N_("Saved"), "special")

    @handler
    async def drop_special(self, day: str) -> None:
        """Back to the weekly hours on that day."""
        await self._write(technicians.set_exception, _date(str(day)), None)
        await self._done(N_("Back to the weekly hours"))

    @handler
    async def ask_time_off(self, form: dict) -> None:
        """Be away; refused with the list of jobs that lie inside."""
        self._fresh()
        zone = ZoneInfo(await self._read(scope.zone))
        start, end = _instant(field(form, "start"), zone), _instant(field(form, "end"), zone)
        await self._write(technicians.add_time_off, start, end, field(form, "reason", 80))
        await self._done(N_("Time off noted"), "away", effect="forget:away")

    @handler
    async def drop_time_off(self, row: int) -> None:
        """Take an absence back."""
        await self._write(technicians.remove_time_off, whole(row, 1, 10**15))
        await self._done(N_("You are available again then"))

    @handler
    async def forget(self) -> None:
        """A form is opened afresh."""
        self._fresh()


def _day(form: dict) -> list[tuple[int, int, bool]]:
    """(start, end, is break) rows of the form; none for a day off."""
    if not field(form, "works"):
        return []
    start, end = _span(field(form, "start"), field(form, "end"))
    rows = [(start, end, False)]
    if field(form, "break_start") and field(form, "break_end"):
        pause = _span(field(form, "break_start"), field(form, "break_end"))
        late = 1440 if pause[0] < start else 0
        rows.append((pause[0] + late, pause[1] + late, True))
    return rows


def _span(start: str, end: str) -> tuple[int, int]:
    """Minutes of two wall-clock times; an end that is not after the start belongs to the next day."""
    first, last = _minute(start), _minute(end)
    return first, last if last > first else last + 1440


def _minute(text: str) -> int:
    hours, _, minutes = text.partition(":")
    if not (hours.isdigit() and minutes[:2].isdigit()):
        raise Invalid("no time of day", reason="window")
    return whole(hours, 0, 23) * 60 + whole(minutes[:2], 0, 59)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise Invalid("no day", reason="day") from error


def _instant(text: str, zone: ZoneInfo) -> datetime:
    try:
        return datetime.fromisoformat(text[:16]).replace(tzinfo=zone)
    except ValueError as error:
        raise Invalid("no instant", reason="window") from error
