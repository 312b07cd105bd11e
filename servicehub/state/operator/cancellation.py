"""The cancellation terms: a draft beside what is in force, by category, then adopted as a version with a reason."""

from collections.abc import Mapping
from typing import Any

import reflex as rx

from servicehub import bus
from servicehub.domain.access import Permission
from servicehub.domain.cancellation import RANGES
from servicehub.domain.money import fen_of
from servicehub.errors import Invalid, ServiceHubError
from servicehub.queries.operator.cancellation import cancellation_page
from servicehub.services import policies
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, reason_of
from servicehub.texts import N_, cancellation, say
from servicehub.viewmodels.operator_cancellation import CancellationPage


def typed_numbers(form: Mapping[str, Any], *, whole: bool) -> dict[str, int]:
    """The numbers of a form, of which a category's (`whole` false) may be empty. Raises: Invalid naming the `field`."""
    found: dict[str, int] = {}
    for name, (_title, kind) in cancellation.NUMBERS.items():
        text = str(form.get(name) or "").strip()
        if not text and not whole:
            continue
        try:
            number = fen_of(text) if kind in ("share", "yuan") else _count(text)
        except Invalid as error:
            raise Invalid(name, field=name) from error
        if not RANGES[name][0] <= number <= RANGES[name][1]:
            raise Invalid(name, field=name)
        found[name] = number
    return found


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise Invalid("count")
    return int(text)


@roles("operator")
class CancellationState(OperatorPage, rx.State):
    """The page as it is shown."""

    page: CancellationPage = CancellationPage()
    draft: dict[str, Any] = {}
    """The terms as they would be adopted; empty while nothing was changed. It outlives a lost connection."""
    base: int = 0
    """The version that the draft is built on."""
    form_key: int = 0
    may_write: bool = False

    @handler(background=True)
    async def watch(self) -> None:
        """Show the terms in force and notice when others are adopted."""
        actor = await self._admit(Permission.ORDER_READ)
        if actor is None:
            return
        async with self:
            self.may_write, self.ready = actor.may(Permission.CANCELLATION_WRITE), False
        await self._watch((bus.overview(str(actor.city_id)),), self._reload, settle_s=SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        asked, scope = dict(self.draft), self.page.scope
        draft = asked
        try:
            found = await self._read(cancellation_page, scope, draft)
        except ServiceHubError:  # the draft or the category is from before the rules or the catalogue changed
            draft, found = {}, await self._read(cancellation_page)
        async with self:
            if self.ready and (dict(self.draft) != asked or self.page.scope != scope):
                return  # changed while this was read
            self.form_key += not self.ready or found.version != self.page.version
            self.page, self.ready, self.draft = found, True, draft
            if not draft:
                self.base = found.version

    async def _tried(self, scope: str, draft: dict[str, Any]) -> None:
        """Show another draft, or another category of it."""
        page = await self._read(cancellation_page, scope, draft)
        self.page, self.draft = page, draft if page.changes else {}
        self.form_key += 1

    async def _refuse(self, error: ServiceHubError) -> Any:
        name = str(error.params.get("field")) if isinstance(error, Invalid) else ""
        if name not in cancellation.NUMBERS:
            return await super()._refuse(error)
        locale, (low, high) = self._locale(), RANGES[name]
        text = N_("{name}: please enter a number from {least} to {most}.")
        least, most = cancellation.typed(name, low), cancellation.typed(name, high)
        await self._toast(say(locale, text, name=cancellation.label(locale, name), least=least, most=most), "bad")
        return None

    @handler
    async def choose(self, scope: str) -> None:
        """Show a category; "" the standard."""
        await self._tried(str(scope)[:32], dict(self.draft))

    @handler
    async def save(self, form: dict[str, Any]) -> None:
        """Put the numbers of the form into the draft."""
        scope, document = self.page.scope, dict(self.page.document)
        numbers = typed_numbers(form, whole=not scope)
        await self._tried(scope, _with_own(document, scope, numbers) if scope else document | numbers)
        await self._done(say(self._locale(), N_("In the draft. Nothing is adopted yet.")), "terms")

    @handler
    async def follow(self) -> None:
        """Let the shown category follow the standard in everything."""
        if self.page.scope:
            await self._tried(self.page.scope, _with_own(dict(self.page.document), self.page.scope, {}))

    @handler
    async def discard(self) -> None:
        """Back to what is in force."""
        await self._tried(self.page.scope, {})
        self.base = self.page.version

    @handler
    async def adopt(self, form: dict[str, Any]) -> None:
        """Put the draft into force."""
        if not self.draft:
            raise Invalid("nothing was changed")
        draft = dict(self.draft)
        version = await self._write(policies.adopt_cancellation, draft, base=self.base, note=reason_of(form))
        self.base = version
        await self._tried(self.page.scope, {})
        await self._done(say(self._locale(), N_("Version {n} is in force"), n=version), "adopt")


def _with_own(document: dict[str, Any], scope: str, numbers: dict[str, int]) -> dict[str, Any]:
    """The document with other differences of a category; none: it follows the standard."""
    own = {slug: part for slug, part in document.get("by_category", {}).items() if slug != scope}
    return document | {"by_category": own | ({scope: numbers} if numbers else {})}
