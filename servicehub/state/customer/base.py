"""What every State of a customers' page shares: who looks, readiness, the place and the draft that the browser keeps.

The draft of a booking and the place live in the browser's storage, so that they survive log-in, reloads and a lost server. What
comes back from there is parsed like anything else that a browser sends. Neither holds a name, an address or a phone.
"""

import json
from dataclasses import asdict, replace
from typing import Any

import reflex as rx

from servicehub import clock
from servicehub.domain.access import ANONYMOUS, Actor, Role
from servicehub.domain.guarantee import METHODS
from servicehub.errors import Invalid, ServiceHubError
from servicehub.queries.customer.words import REQUIREMENTS
from servicehub.state import reflex_internals
from servicehub.state.base import AppState, roles
from servicehub.texts import localized_path
from servicehub.texts.refusals import refusal
from servicehub.viewmodels.customer.draft import Draft, instant

__all__ = ["CustomerPage", "Draft", "KeptState", "instant", "order_number", "whole"]

ORDER_DIGITS = 16
LONGEST_DRAFT = 2000


class CustomerPage(AppState, mixin=True):
    """Mixin of a customers' page. Whoever is logged in as something else looks at it like a stranger."""

    ready: bool = False
    """Whether the first reading has arrived."""
    problem: str = ""
    """Why there is nothing to show; "" while all is well."""

    async def _viewer(self) -> Actor:
        actor = await super()._viewer()
        return actor if actor.role is Role.CUSTOMER else ANONYMOUS

    async def _refuse(self, error: ServiceHubError) -> Any:
        """A first reading that fails is explained on the page itself."""
        if self.ready:
            return await super()._refuse(error)
        text = refusal(self._locale(), error)
        if not reflex_internals.in_background(self):
            self.problem = text
            return None
        async with self:  # type: ignore[attr-defined]
            self.problem = text
        return None

    async def _draft(self) -> Draft:
        """The draft as the browser keeps it, checked."""
        return (await self.get_state(KeptState))._latest()  # type: ignore[attr-defined, no-any-return]

    async def _keep(self, draft: Draft) -> None:
        (await self.get_state(KeptState))._keep_draft(draft)  # type: ignore[attr-defined]

    async def _place(self) -> str:
        """Where the customer wants service, as `queries.customer.places` reads it."""
        return str((await self.get_state(KeptState)).place)[:40]  # type: ignore[attr-defined]

    def _order_no(self) -> str:
        """The order that the address names. Raises: Invalid for what is no order number."""
        parts = reflex_internals.page_path(self).split("/")  # type: ignore[arg-type]
        return order_number(next((p for p in parts if p.isdigit() and len(p) == ORDER_DIGITS), ""))

    def _to(self, path: str) -> str:
        """An address of ours in the page's language."""
        return localized_path(path, self._locale())


@roles("public")
class KeptState(AppState, rx.State):
    """What the browser keeps between visits."""

    draft: str = rx.LocalStorage("", name="sh_draft")
    place: str = rx.LocalStorage("", name="sh_place")
    searches: str = rx.LocalStorage("", name="sh_searches")
    """The last searches, one a line."""
    _sent: str = ""
    """The draft as it was last sent to the browser, which may have lost its connection before it came."""

    def _latest(self) -> Draft:
        """The browser's draft, unless it missed the last one."""
        theirs, ours = parsed(self.draft), parsed(self._sent)
        if theirs.n >= ours.n:
            return theirs
        self.draft = self._sent
        return ours

    def _keep_draft(self, draft: Draft) -> None:
        self._sent = json.dumps(asdict(replace(draft, n=self._latest().n + 1)), separators=(",", ":"))
        self.draft = self._sent


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


def parsed(text: object) -> Draft:
    """The draft in `text`; whatever is wrong with it becomes its default."""
    try:
        raw = json.loads(str(text)[:LONGEST_DRAFT] or "{}")
    except ValueError:
        return Draft()
    if not isinstance(raw, dict):
        return Draft()
    draft = Draft(
        service=_word(raw.get("service"), 48),
        quantity=_number(raw.get("quantity"), 999),
        add_ons=_pairs(raw.get("add_ons")),
        further=_pairs(raw.get("further")),
        start="now" if raw.get("start") == "now" else _word(raw.get("start"), 40),
        flexible=_number(raw.get("flexible"), 999),
        technician=_number(raw.get("technician"), 10**12),
        gender=raw["gender"] if raw.get("gender") in ("female", "male") else "",
        requirements=tuple(key for key in REQUIREMENTS if key in (raw.get("requirements") or ())),
        coupon=_word(raw.get("coupon"), 15) or "best",
        address=_number(raw.get("address"), 10**12),
        guarantee=raw["guarantee"] if raw.get("guarantee") in METHODS else "",
        n=_number(raw.get("n"), 10**9),
    )
    start = draft.start_at()
    past = draft.start not in ("", "now") and (start is None or start <= clock.now())
    return replace(draft, start="") if past else draft


def _word(value: object, most: int) -> str:
    return value if isinstance(value, str) and len(value) <= most else ""


def _number(value: object, most: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most else 0


def _pairs(value: object) -> tuple[tuple[str, int], ...]:
    if not isinstance(value, list) or len(value) > 20:
        return ()
    pairs = [(p[0], p[1]) for p in value if isinstance(p, list) and len(p) == 2]
    return tuple((slug, n) for slug, n in pairs if _word(slug, 48) and _number(n, 999))
