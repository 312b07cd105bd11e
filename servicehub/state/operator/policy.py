"""The dispatch policy: other weights tried on the last decisions, then adopted as a new version with a reason."""

from typing import Any

import reflex as rx

from servicehub import bus
from servicehub.domain.access import Permission
from servicehub.errors import Invalid
from servicehub.matching import DEFAULT_WEIGHTS
from servicehub.queries.operator.policy import policy_page, replay
from servicehub.queries.operator.rehearsal import rehearsal
from servicehub.services import policies, rehearsals
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import OperatorPage, reason_of
from servicehub.texts import say
from servicehub.viewmodels.operator_policy import PolicyPage, Rehearsal, Replay

DAYS = rehearsals.DAYS
"""Choices of how many past days are played."""


@roles("operator")
class PolicyState(OperatorPage, rx.State):
    """The page as it is shown."""

    page: PolicyPage = PolicyPage()
    form_key: int = 0
    """Changes when the form shall show other numbers."""
    may_write: bool = False
    tried: Replay = Replay()
    played: Rehearsal = Rehearsal()
    days: int = 5
    """Past days of the next rehearsal."""
    wanted: dict[str, Any] = {}
    """What was tried and may be adopted."""
    newest: int = 0
    """Newest version that exists; another one than the page's when somebody was faster."""

    @handler(background=True)
    async def watch(self) -> None:
        """Show the policy in force and notice when another one is adopted."""
        actor = await self._admit(Permission.DISPATCH_READ)
        if actor is None:
            return
        async with self:
            self.may_write, self.ready = actor.may(Permission.POLICY_WRITE), False
        await self._watch((bus.dispatch(str(actor.city_id)),), self._reload, settle_s=2, every_s=60)

    async def _reload(self) -> None:
        found, played = await self._read(policy_page), await self._read(rehearsal)
        async with self:
            self.newest, self.played = found.version, played
            if not self.ready:
                self._take(found)

    def _take(self, found: PolicyPage) -> None:
        self.page, self.newest, self.ready = found, found.version, True
        self.form_key += 1
        self.tried, self.wanted = Replay(), {}

    @handler
    async def load(self, version: int) -> None:
        """Put the numbers of a version into the form; 0: the defaults; -1: the newest."""
        number = int(version)
        self._take(await self._read(policy_page, None if number < 0 else number, self.page.service))

    @handler
    async def choose_service(self, service: str) -> None:
        """Show the weights of one service, or of all."""
        version = self.page.version
        self._take(await self._read(policy_page, version or None, str(service)[:32]))

    @handler
    async def attempt(self, form: dict) -> None:
        """Replay the last decisions with the numbers of the form."""
        wanted = _wanted(form, self.page)
        self.tried, self.wanted = await self._read(replay, wanted), wanted

    @handler
    async def choose_days(self, days: str) -> None:
        """How many past days are played."""
        self.days = {str(n): n for n in DAYS}.get(str(days), self.days)

    @handler
    async def rehearse(self) -> None:
        """Play what was tried on past days."""
        if not self.wanted:
            raise Invalid("nothing tried")
        await self._write(rehearsals.request, self.wanted, days=self.days)
        self.played = await self._read(rehearsal)

    @handler
    async def end_rehearsal(self) -> None:
        """Stop playing."""
        await self._write(rehearsals.stop)
        self.played = await self._read(rehearsal)

    @handler
    async def adopt(self, form: dict) -> None:
        """Put what was tried into force."""
        if not self.wanted:
            raise Invalid("nothing tried")
        version = await self._write(policies.adopt_dispatch, self.wanted, base=self.page.version, note=reason_of(form))
        await self._done(say(self._locale(), "Version {n} is in force", n=version), "act-adopt")
        self._take(await self._read(policy_page, None, self.page.service))


def _wanted(form: dict, page: PolicyPage) -> dict[str, Any]:
    """The whole policy with the numbers of the form in their place. Raises: Invalid."""
    try:
        weights = {term: float(form[f"w-{term}"]) for term in DEFAULT_WEIGHTS}
        services = dict(page.document.get("services", {}))
        if page.service:
            base = page.document["weights"]
            services[page.service] = {term: w for term, w in weights.items() if w != base.get(term)}
            return {**page.document, "services": {name: own for name, own in services.items() if own}}
        return {
            "weights": weights,
            "services": services,
            "commit_hours": float(form["commit_hours"]),
            "moved_cost_s": round(60 * float(form["moved_cost_min"])),
            "claim_seconds": round(float(form["claim_seconds"])),
            "fair_floor_pct": round(float(form["fair_floor_pct"])),
            "repair_minutes": round(float(form["repair_minutes"])),
        }
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise Invalid("no number") from error
