"""What every State of a technician's page shares: readiness, topics, and refusals that say how far or how early."""

from datetime import datetime
from typing import Any

from servicehub import bus, clock
from servicehub.errors import Invalid, ServiceHubError
from servicehub.state import reflex_internals
from servicehub.state.base import AppState
from servicehub.texts import N_, Locale, formats, localized_path, say
from servicehub.texts.refusals import refusal

ORDER_DIGITS = 16
_FAR = N_("You are still {distance} from the address. The step opens within {radius}.")
_EARLY = N_("It is too early. This opens {when}.")
_REASONS: dict[str, str] = {
    "busy": N_("It clashes with one of your jobs."),
    "travel_before": N_("You cannot get there in time from your previous job."),
    "travel_after": N_("You could not reach your next job in time."),
    "off_shift": N_("It lies outside your working hours."),
    "break": N_("It lies in your break."),
    "time_off": N_("You are off then."),
    "cap": N_("You already have as many jobs as you take a day."),
    "radius": N_("It lies outside your service radius."),
    "night": N_("You do not take night jobs."),
}


class TechnicianPage(AppState, mixin=True):
    """Mixin of a page's State. Services and queries check the actor again."""

    ready: bool = False
    """Whether the first reading has arrived."""

    async def _topics(self) -> list[str]:
        """What a change of this technician's day is hinted at."""
        return [bus.technician((await self._actor()).technician_id)]

    async def _done(self, msgid: str, *dialogs: str, effect: str = "", **values: Any) -> None:
        """Say that something worked and close the dialogs it was asked in."""
        actions = [*(f"close:{dialog}" for dialog in dialogs), *([effect] if effect else [])]
        if actions:
            await self._effect(" ".join(actions))
        await self._toast(say(self._locale(), msgid, **values))

    async def _refuse(self, error: ServiceHubError) -> Any:
        text = why(self._locale(), error)
        if not text:
            return await super()._refuse(error)
        if reflex_internals.in_background(self):
            async with self:  # type: ignore[attr-defined]
                return await self._toast(text, "bad")
        return await self._toast(text, "bad")

    def _order_no(self) -> str:
        """The order that the address names. Raises: Invalid for what is no order number."""
        parts = reflex_internals.page_path(self).split("/")  # type: ignore[arg-type]
        return order_number(next((p for p in parts if p.isdigit() and len(p) == ORDER_DIGITS), ""))

    def _to(self, path: str) -> str:
        """An address of ours in the page's language."""
        return localized_path(path, self._locale())


def order_number(text: object) -> str:
    """Raises: Invalid for what is no order number."""
    number = str(text)
    if not (number.isascii() and number.isdigit() and len(number) == ORDER_DIGITS):
        raise Invalid("order number")
    return number


def whole(value: object, least: int, most: int) -> int:
    """A whole number from a browser. Raises: Invalid outside `least`…`most`."""
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) < 16 and least <= int(text) <= most):
        raise Invalid("number")
    return int(text)


def field(form: object, name: str, most: int = 200) -> str:
    """A text of a form that a browser sent; "" for anything else."""
    value = form.get(name, "") if isinstance(form, dict) else ""
    return value.strip()[:most] if isinstance(value, str) else ""


def why(locale: Locale, error: ServiceHubError) -> str:
    """A refusal with its numbers, where it carries some; "" where the plain sentence says all."""
    params = error.params
    if error.code == "too_far" and "distance_m" in params:
        away, radius = formats.distance(int(params["distance_m"])), formats.distance(int(params["radius_m"]))  # type: ignore[call-overload]
        return say(locale, _FAR, distance=away, radius=radius)
    if error.code == "too_early" and isinstance(params.get("at"), datetime):
        return say(locale, _EARLY, when=formats.day_time(params["at"], clock.now(), locale=locale))  # type: ignore[arg-type]
    if error.code in ("slot_unavailable", "slot_taken"):
        reason = "busy" if error.code == "slot_taken" else str(params.get("reason", ""))
        return say(locale, _REASONS[reason]) if reason in _REASONS else ""
    return refusal(locale, error) if error.code == "order_taken" else ""
