"""Proposing add-ons during the visit: what is picked, what that means, and the two commands."""

import reflex as rx

from servicehub.errors import Invalid
from servicehub.queries.technician.add_ons import draft
from servicehub.services import proposals
from servicehub.state.base import handler, roles
from servicehub.state.technician.base import TechnicianPage, whole
from servicehub.texts import N_
from servicehub.viewmodels.proposal import ProposalDraft

MOST_OF_ONE, MOST_ID = 99, 10**12


@roles("technician")
class AddOnState(TechnicianPage, rx.State):
    """The sheet of one visit. The browser names add-ons and how many; the catalogue says what they are."""

    draft: ProposalDraft = ProposalDraft()
    _picked: dict[str, int] = {}
    _of: str = ""
    """The visit that `_picked` is about."""

    @handler
    async def begin(self) -> None:
        """The sheet opens with nothing picked."""
        self._picked, self._of = {}, self._order_no()
        self.draft = await self._read(draft, self._of, {})
        await self._effect("open:addons")

    @handler
    async def pick(self, slug: str, count: int) -> None:
        """So many of this one."""
        no = self._order_no()
        if no != self._of or slug not in {row.slug for row in self.draft.choices}:
            raise Invalid("add-on")
        self._picked = {**self._picked, slug: whole(count, 0, MOST_OF_ONE)}
        self.draft = await self._read(draft, no, self._picked)

    @handler
    async def propose(self) -> None:
        """Ask the customer for what is picked."""
        no = self._order_no()
        wanted = [(slug, count) for slug, count in self._picked.items() if count and no == self._of]
        await self._write(proposals.propose, no, wanted)
        self._picked, self.draft = {}, ProposalDraft()
        await self._done(N_("Proposed. The customer decides on the phone."), "addons")

    @handler
    async def withdraw(self, proposal: int) -> None:
        """Take back what was not paid."""
        await self._write(proposals.withdraw, self._order_no(), whole(proposal, 1, MOST_ID))
        await self._done(N_("Taken back"))
