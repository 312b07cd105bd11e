"""The commission rules: a draft beside what is in force, tried on examples, then adopted as a version with a reason."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import reflex as rx

from servicehub import bus
from servicehub.domain.access import Permission
from servicehub.domain.commission import ADD_ON, RATES, SURCHARGE, Case
from servicehub.domain.money import fen_of
from servicehub.domain.technician import Level
from servicehub.errors import Invalid
from servicehub.queries.operator.commission import commission_page, rule_form, technician_named
from servicehub.queries.operator.commission_example import Line, example
from servicehub.services import policies
from servicehub.state.base import handler, roles
from servicehub.state.operator.base import SETTLE_S, OperatorPage, reason_of
from servicehub.texts import N_, say
from servicehub.viewmodels.operator_commission import CommissionPage, Example, RuleForm

FIELD_TEXTS: dict[str, str] = {
    "name": N_("A rule's name has at most 24 characters."),
    "category": N_("This category does not exist. Please choose one of the list."),
    "level": N_("This level does not exist. Please choose one of the list."),
    "technician": N_(
        "No technician of the city has this number or exactly this name. With a shared name use the number."
    ),
    "conditions": N_("Give the rule a condition, or change the standard rates instead."),
    "days": N_("Please check the days: the last one cannot be before the first one."),
    "bp": N_("A rate is between 0 and 100 %, with at most two decimals."),
    "group": N_("A rate is between 0 and 100 %, with at most two decimals."),
    "bounds": N_("Amounts are between ¥0 and ¥100,000, and the least is not above the most."),
    "rates": N_("A rate is between 0 and 100 %, with at most two decimals."),
    "tax_bp": N_("The tax is between 0 and 50 %."),
    "tax_from": N_("The tax-free amount is between ¥0 and ¥100,000."),
    "collision": N_("Another rule asks for the same on a common day. Change that one, or give this one other days."),
    "rules": N_("The draft cannot be read any more. Please discard it and begin again."),
    "amount": N_("Please enter amounts such as 199 or 19.90."),
    "coupon": N_("The coupon cannot be larger than the price, and its share is between 0 and 100 %."),
}
BOUNDS = ("fixed", "least", "most")
AMOUNTS = ("service", "add_on", "night", "travel")
FIRST = {
    "service": "199", "add_on": "30", "night": "0", "travel": "10", "coupon": "20", "platform": "50", "level": "gold",
    "category": "", "technician": "", "on": "",
}  # fmt: skip
"""What the calculator shows at first."""


def _bp(form: Mapping[str, Any], name: str, field: str) -> int:
    """A typed percentage as basis points."""
    try:
        return fen_of(form.get(name) or "")
    except Invalid as error:
        raise Invalid(name, field=field) from error


def _fen(form: Mapping[str, Any], name: str) -> int:
    try:
        return fen_of(form.get(name) or "0")
    except Invalid as error:
        raise Invalid(name, field="amount") from error


def _day(form: Mapping[str, Any], name: str) -> str:
    text = str(form.get(name) or "").strip()
    try:
        return date.fromisoformat(text).isoformat() if text else ""
    except ValueError as error:
        raise Invalid(name, field="days") from error


def _text(form: Mapping[str, Any], name: str, most: int = 40) -> str:
    return str(form.get(name) or "").strip()[:most]


@roles("operator")
class CommissionState(OperatorPage, rx.State):
    """The page as it is shown."""

    page: CommissionPage = CommissionPage()
    draft: dict[str, Any] = {}
    """The commission document as it would be adopted; empty while nothing was changed. It outlives a lost connection."""
    base: int = 0
    """The version that the draft is built on."""
    form: RuleForm | None = None
    """The rule whose form is open."""
    form_key: int = 0
    inputs: dict[str, str] = {}
    shown: Example = Example()
    may_write: bool = False

    @handler(background=True)
    async def watch(self) -> None:
        """Show the rules in force and notice when others are adopted."""
        actor = await self._admit(Permission.LEDGER_READ)
        if actor is None:
            return
        async with self:
            self.may_write, self.ready = actor.may(Permission.COMMISSION_WRITE), False
        await self._watch((bus.overview(str(actor.city_id)),), self._reload, settle_s=SETTLE_S, every_s=60)

    async def _reload(self) -> None:
        asked = draft = dict(self.draft)
        try:
            found = await self._read(commission_page, draft)
        except Invalid:  # kept from before the rules became stricter
            draft, found = {}, await self._read(commission_page)
        async with self:
            if self.ready and dict(self.draft) != asked:
                return  # changed while this was read
            first = not self.ready
            self.page, self.ready, self.draft = found, True, draft
            if not draft:
                self.base = found.version
            if first:
                self.form_key += 1
                category = found.categories[0].value if found.categories else ""
                self.inputs = {**FIRST, "category": category, "on": found.today}
        if first:
            shown = await self._calculated(dict(self.inputs))
            async with self:
                self.shown = shown

    async def _calculated(self, asked: dict[str, str]) -> Example:
        typed = asked["technician"]
        technician = await self._read(technician_named, typed) if typed else 0
        if typed and not technician:
            raise Invalid("technician", field="technician")
        if asked["level"] not in RATES:
            raise Invalid("level", field="level")
        day = _day(asked, "on")
        case = Case(asked["category"], Level(asked["level"]), technician, date.fromisoformat(day) if day else date.min)
        lines = [Line(kind, _fen(asked, kind)) for kind in AMOUNTS]
        lines.append(Line("coupon", -_fen(asked, "coupon")))
        return await self._read(example, case, tuple(lines), _bp(asked, "platform", "coupon"), dict(self.draft))

    async def _tried(self, draft: dict[str, Any]) -> None:
        """Show another draft, and the example under it."""
        page = await self._read(commission_page, draft)
        self.page, self.draft = page, page.document if page.changes else {}
        self.form_key += 1
        self.shown = await self._calculated(dict(self.inputs))

    async def _refuse(self, error: Exception) -> Any:
        text = FIELD_TEXTS.get(str(error.params.get("field"))) if isinstance(error, Invalid) else None
        if text is None:
            return await super()._refuse(error)  # type: ignore[arg-type]
        await self._toast(say(self._locale(), text), "bad")
        return None

    @handler
    async def choose(self, rule: str) -> None:
        """Open the form of a rule; "" for a new one."""
        found = next((r for r in self.page.document.get("rules", ()) if r["id"] == rule), None)
        self.form = rule_form(found) if found else RuleForm(id=self.page.next_id)
        self.form_key += 1

    @handler
    async def save(self, form: dict[str, Any]) -> None:
        """Put the rule of the form into the draft."""
        if self.form is None:
            raise Invalid("no rule was chosen")
        typed = _text(form, "technician")
        technician = await self._read(technician_named, typed) if typed else 0
        if typed and not technician:
            raise Invalid("technician", field="technician")
        groups = {ADD_ON: "add_on", SURCHARGE: "surcharge"}
        rule = {
            "id": self.form.id,
            "name": _text(form, "name"),
            "category": _text(form, "category"),
            "level": _text(form, "level"),
            "technician_id": technician,
            "from": _day(form, "from_on"),
            "until": _day(form, "until_on"),
            "bp": _bp(form, "rate", "bp"),
            "by_group": {group: _bp(form, name, "group") for group, name in groups.items() if _text(form, name)},
            "bounds": {f"{name}_fen": _fen(form, name) for name in BOUNDS if _text(form, name)},
        }
        rules = list(self.page.document.get("rules", ()))
        at = next((n for n, one in enumerate(rules) if one["id"] == self.form.id), len(rules))
        rules[at : at + 1] = [rule]
        await self._tried({**self.page.document, "rules": rules})
        await self._done(say(self._locale(), N_("In the draft. Nothing is adopted yet.")), "rule")

    @handler
    async def remove(self, rule: str) -> None:
        """Take a rule out of the draft."""
        rules = [one for one in self.page.document.get("rules", ()) if one["id"] != rule]
        await self._tried({**self.page.document, "rules": rules})

    @handler
    async def restore(self, rule: str) -> None:
        """Put a rule that is in force back into the draft."""
        rules = list(self.page.document.get("rules", ()))
        known = {one["id"] for one in rules}
        back = [one for one in self.page.in_force.get("rules", ()) if one["id"] == rule and rule not in known]
        await self._tried({**self.page.document, "rules": [*rules, *back]})

    @handler
    async def set_standard(self, form: dict[str, Any]) -> None:
        """Other standard rates and tax."""
        rates = {level: _bp(form, f"rate-{level}", "rates") for level in RATES}
        try:
            tax = {"bp": _bp(form, "tax", "tax_bp"), "from_fen": fen_of(form.get("tax_from") or "0")}
        except Invalid as error:
            raise Invalid("tax", field=error.params.get("field", "tax_from")) from error
        await self._tried({**self.page.document, "rates": rates, "tax": tax})
        await self._done(say(self._locale(), N_("In the draft. Nothing is adopted yet.")), "standard")

    @handler
    async def discard(self) -> None:
        """Back to what is in force."""
        self.draft = {}
        await self._tried({})
        self.base = self.page.version

    @handler
    async def calculate(self, form: dict[str, Any]) -> None:
        """Divide the example of the form."""
        asked = {name: _text(form, name) for name in FIRST}
        self.shown, self.inputs = await self._calculated(asked), asked

    @handler
    async def adopt(self, form: dict[str, Any]) -> None:
        """Put the draft into force."""
        if not self.draft:
            raise Invalid("nothing was changed")
        draft = dict(self.draft)
        version = await self._write(policies.adopt_commission, draft, base=self.base, note=reason_of(form))
        self.draft, self.base = {}, version
        await self._tried({})
        await self._done(say(self._locale(), N_("Version {n} is in force"), n=version), "adopt")
