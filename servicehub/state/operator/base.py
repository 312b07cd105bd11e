"""What every State of an operators' page shares, and the State of the shell around them."""

from datetime import date, timedelta
from typing import Any

import reflex as rx

from servicehub import bus
from servicehub.domain.access import Actor, Permission
from servicehub.queries.operator import words
from servicehub.queries.operator.shell import shell
from servicehub.state.base import AppState, handler, roles

SETTLE_S = 1.0
"""Hints within a second become one reading, so that a busy city costs one query a second and page."""
REASON_LIMIT = 200
ORDER_DIGITS = 16


class OperatorPage(AppState, mixin=True):
    """Mixin of a page's State. Services and queries check permissions again; `denied` only explains."""

    denied: str = ""
    """Name of the permission that is missing; empty when the page may be seen."""
    ready: bool = False
    """Whether the first reading has arrived."""

    async def _admit(self, permission: Permission) -> Actor | None:
        """The actor if the role opens this page, else None with `denied` set. For background handlers."""
        actor = await self._actor()
        allowed = actor.may(permission)
        async with self:  # type: ignore[attr-defined]
            self.denied = "" if allowed else words.word(self._locale(), words.PERMISSION, permission.value)
            self.ready = self.ready or not allowed
        return actor if allowed else None

    async def _done(self, text: str, *dialogs: str) -> None:
        """Say that something worked and close the dialogs it was asked in."""
        if dialogs:
            await self._effect(" ".join(f"close:{dialog}" for dialog in dialogs))
        await self._toast(text)


def reason_of(form: dict[str, Any]) -> str:
    """The reason typed into a form, trimmed; services refuse an empty one."""
    return str(form.get("reason", "")).strip()[:REASON_LIMIT]


def day_beside(shown: str, days: object) -> str:
    """The day (ISO) before `shown`, or after it; empty while nothing is shown."""
    if not shown:
        return ""
    back = isinstance(days, int) and days < 0
    return (date.fromisoformat(shown) + timedelta(days=-1 if back else 1)).isoformat()


def order_number_of(text: object) -> str:
    """The order's number in an address; empty for anything else."""
    number = str(text)
    return number if number.isascii() and number.isdigit() and len(number) == ORDER_DIGITS else ""


def id_of(text: object) -> int:
    """The id in an address; 0 for anything else."""
    digits = str(text)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 9 else 0


def city_topics(actor: Actor) -> tuple[str, ...]:
    """Everything that happens to a city's orders."""
    return bus.overview(str(actor.city_id)), bus.dispatch(str(actor.city_id))


@roles("operator")
class OperatorShellState(OperatorPage, rx.State):
    """Who is logged in, what the navigation shows, what waits."""

    name: str = ""
    role: str = ""
    city: str = ""
    pages: list[str] = ["overview", "dispatch", "orders", "technicians", "cancellation", "machine"]
    waiting: int = 0
    disputes: int = 0

    @handler(background=True)
    async def watch(self) -> None:
        """Keep the shell current until the page is left."""
        actor = await self._actor()
        await self._watch(city_topics(actor), self._reload, settle_s=2 * SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        shown = await self._read(shell)
        async with self:
            self.name, self.role, self.city, self.pages = shown.name, shown.role, shown.city, list(shown.pages)
            self.waiting, self.disputes = shown.waiting, shown.disputes
