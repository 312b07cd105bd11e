"""Which commission and which tax apply to a job: the city's rules, the most specific of which wins, and the standard of each level.

Owns the order of precedence and what a rule may say. Dividing a price by the winner is `domain.settlement`.

Precedence, first difference decides: a promotion (a rule with dates), before a rule for one technician, before one for a
category, before one for a level; below all of them the city's standard rate of the level, which always applies. Rules that ask for
the same and hold on a common day are refused when they are adopted, so that exactly one rule wins without a tie to break.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Self

from servicehub.domain.money import BP, scaled, split
from servicehub.domain.technician import Level
from servicehub.errors import Invalid

RATES: dict[str, int] = {"trainee": 3200, "bronze": 2800, "silver": 2500, "gold": 2200, "chief": 1800}
MOST_RULES = 100
MOST_TAX_FROM_FEN = 10_000_000
MOST_FEN = 10_000_000
"""Of a fixed part, a least and a most."""
SERVICE, ADD_ON, SURCHARGE = "service", "add_on", "surcharge"
GROUPS: dict[str, str] = {"add_on": ADD_ON, "night": SURCHARGE, "holiday": SURCHARGE, "rush": SURCHARGE}
"""Kind of a line -> the group that may have a rate of its own; kinds that are not named are labour at the rule's rate."""
_ID = re.compile(r"[a-z0-9-]{1,24}")
_MONEY = ("id", "bp", "by_group", "bounds")
"""Of a rule's document, what is no condition."""


@dataclass(frozen=True, slots=True)
class Tax:
    """Income tax withheld at the source, of what a technician gets for one job: basis points of the part above `from_fen`."""

    bp: int = 0
    """0: nothing is withheld."""
    from_fen: int = 0

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The tax of a stored document; off where it says nothing."""
        return cls(int(document.get("bp", 0)), int(document.get("from_fen", 0)))

    def document(self) -> dict[str, int]:
        return {"bp": self.bp, "from_fen": self.from_fen}

    def fen(self, income_fen: int) -> int:
        """What is withheld of an income ≥ 0 before tax, half up."""
        return (max(income_fen - self.from_fen, 0) * self.bp * 2 + BP) // (2 * BP)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a job's commission has besides its rate: a fixed part, a least and a most, fen of the whole price."""

    fixed_fen: int = 0
    least_fen: int = 0
    most_fen: int | None = None
    """None: no limit."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The bounds of a stored document; none where it says nothing."""
        most = document.get("most_fen")
        return cls(
            int(document.get("fixed_fen", 0)), int(document.get("least_fen", 0)), None if most is None else int(most)
        )

    def document(self) -> dict[str, int]:
        """As JSON; what is not bounded is left out."""
        named = {"fixed_fen": self.fixed_fen or None, "least_fen": self.least_fen or None, "most_fen": self.most_fen}
        return {name: fen for name, fen in named.items() if fen is not None}

    def applied(self, by_rate_fen: int) -> int:
        """The commission, of what the rates give."""
        fen = max(by_rate_fen + self.fixed_fen, self.least_fen)
        return fen if self.most_fen is None else min(fen, self.most_fen)

    def part(self, paid_fen: int, total_fen: int, seat: int = 0, people: int = 1) -> Bounds:
        """Those of `seat` among `people` when `paid_fen` of the price was paid: every number in proportion."""

        def cut(fen: int) -> int:
            if paid_fen != total_fen:
                fen = scaled(fen, paid_fen, total_fen)
            return split(fen, [1] * people)[seat]

        return Bounds(cut(self.fixed_fen), cut(self.least_fen), None if self.most_fen is None else cut(self.most_fen))

    @property
    def are_right(self) -> bool:
        """Whether the numbers are in their range and the least is not above the most."""
        most = MOST_FEN if self.most_fen is None else self.most_fen
        return 0 <= self.fixed_fen <= MOST_FEN and 0 <= self.least_fen <= most and 0 <= most <= MOST_FEN


@dataclass(frozen=True, slots=True)
class Case:
    """What the rules ask about a job."""

    category: str
    """Slug."""
    level: Level
    technician_id: int
    on: date
    """The visit's local day."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rate under conditions; an empty condition holds for everybody. Days are local, both inclusive."""

    id: str
    name: str = ""
    """What operators call it; shown to technicians beside the conditions."""
    category: str = ""
    level: str = ""
    technician_id: int = 0
    from_on: date | None = None
    until_on: date | None = None
    bp: int = 0
    by_group: Mapping[str, int] = field(default_factory=dict)
    """Rates of `add_on` and `surcharge` where they differ from `bp`."""
    bounds: Bounds = field(default_factory=Bounds)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The rule of a stored document. Raises: ValueError for days that are none."""
        days = (document.get(name) for name in ("from", "until"))
        from_on, until_on = (date.fromisoformat(day) if day else None for day in days)
        return cls(
            str(document["id"]), str(document.get("name", "")), str(document.get("category", "")),
            str(document.get("level", "")), int(document.get("technician_id", 0)), from_on, until_on, int(document["bp"]),
            {str(group): int(bp) for group, bp in document.get("by_group", {}).items()}, Bounds.of(document.get("bounds", {})),
        )  # fmt: skip

    def document(self) -> dict[str, Any]:
        """The rule as JSON; `of` reads it back. Conditions that it lacks are left out."""
        where = {
            "category": self.category,
            "level": self.level,
            "technician_id": self.technician_id,
            "from": self.from_on.isoformat() if self.from_on else "",
            "until": self.until_on.isoformat() if self.until_on else "",
            "by_group": dict(self.by_group),
            "bounds": self.bounds.document(),
        }
        return {"id": self.id, "name": self.name, "bp": self.bp} | {
            name: value for name, value in where.items() if value
        }

    @property
    def is_promotion(self) -> bool:
        return self.from_on is not None or self.until_on is not None

    @property
    def rank(self) -> tuple[bool, bool, bool, bool]:
        """How specific it is; the larger one wins."""
        return self.is_promotion, bool(self.technician_id), bool(self.category), bool(self.level)

    def misses(self, case: Case) -> str:
        """The first condition that `case` does not meet: technician, early, late, category, level; "" when it applies."""
        if self.technician_id and self.technician_id != case.technician_id:
            return "technician"
        if self.from_on and case.on < self.from_on:
            return "early"
        if self.until_on and case.on > self.until_on:
            return "late"
        if self.category and self.category != case.category:
            return "category"
        return "level" if self.level and self.level != case.level.value else ""

    def collides(self, other: Rule) -> bool:
        """Whether both ask for the same and hold on a common day."""
        same = (self.rank, self.category, self.level, self.technician_id)
        if same != (other.rank, other.category, other.level, other.technician_id):
            return False
        begins = max(self.from_on or date.min, other.from_on or date.min)
        return begins <= min(self.until_on or date.max, other.until_on or date.max)


@dataclass(frozen=True, slots=True)
class Rate:
    """The commission and the tax that apply to a job: what an order freezes."""

    rule: str
    """`rule:<id>@<version>`, or `level:<level>@<version>` for the standard of the level."""
    bp: int
    by_group: Mapping[str, int] = field(default_factory=dict)
    tax: Tax = field(default_factory=Tax)
    where: Mapping[str, Any] = field(default_factory=dict)
    """Name and conditions of the rule, for words."""
    bounds: Bounds = field(default_factory=Bounds)

    def of_kind(self, kind: str) -> int:
        """Basis points of labour of a line of `kind`."""
        return self.by_group.get(GROUPS.get(kind, SERVICE), self.bp)

    def document(self) -> dict[str, Any]:
        """As an order keeps it: what a rate of one number lacks is left out."""
        more = {
            "by_group": dict(self.by_group),
            "tax": self.tax.document() if self.tax.bp else {},
            "where": dict(self.where),
            "bounds": self.bounds.document(),
        }
        return {"rule": self.rule, "rate_bp": self.bp} | {name: value for name, value in more.items() if value}

    @classmethod
    def frozen(cls, document: Mapping[str, Any]) -> Self:
        """The rate that an order has kept; those of old orders have one number and no tax."""
        return cls(
            str(document["rule"]),
            int(document["rate_bp"]),
            {str(group): int(bp) for group, bp in document.get("by_group", {}).items()},
            Tax.of(document.get("tax", {})),
            document.get("where", {}),
            Bounds.of(document.get("bounds", {})),
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one rule and a case: whether it wins, or why it does not."""

    rule: Rule
    why: str
    """"" for the winner, `outranked` by the winner, or what `Rule.misses` says."""


@dataclass(frozen=True, slots=True)
class CommissionPolicy:
    """Rules, the standard rates by level, and the tax; `pass_through` names the kinds of line from which nothing is taken."""

    rates: Mapping[str, int] = field(default_factory=lambda: dict(RATES))
    pass_through: frozenset[str] = frozenset({"travel", "tip", "reschedule_fee"})
    rules: tuple[Rule, ...] = ()
    tax: Tax = field(default_factory=Tax)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The policy of a stored document; one without rules or tax has none."""
        rates = {**RATES, **{level: int(bp) for level, bp in document.get("rates", {}).items()}}
        rules = tuple(Rule.of(rule) for rule in document.get("rules", ()))
        passed = frozenset(document.get("pass_through", cls().pass_through))
        return cls(rates, passed, rules, Tax.of(document.get("tax", {})))

    @classmethod
    def checked(cls, document: Mapping[str, Any]) -> Self:
        """The policy of a document that somebody made.

        Raises: Invalid with the `field` that is wrong: rates, tax_bp, tax_from, rules; of a rule, which `rule` names: id, name,
        category, level, technician, conditions, days, bp, group, bounds, collision.
        """
        try:
            policy = cls.of(document)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise Invalid(f"commission: {error}", field="rules") from error
        if set(policy.rates) != set(RATES) or not all(0 <= bp <= BP for bp in policy.rates.values()):
            raise Invalid("rates", field="rates")
        if not 0 <= policy.tax.bp <= 5_000:
            raise Invalid("tax", field="tax_bp")
        if not 0 <= policy.tax.from_fen <= MOST_TAX_FROM_FEN:
            raise Invalid("tax", field="tax_from")
        if len(policy.rules) > MOST_RULES or len({rule.id for rule in policy.rules}) != len(policy.rules):
            raise Invalid("rules", field="rules")
        for n, rule in enumerate(policy.rules):
            if wrong := _wrong(rule):
                raise Invalid(f"rule {rule.id}: {wrong}", field=wrong, rule=rule.id)
            if other := next((one for one in policy.rules[:n] if one.collides(rule)), None):
                raise Invalid(f"rule {rule.id}", field="collision", rule=rule.id, other=other.id)
        return policy

    def document(self) -> dict[str, Any]:
        """The policy as JSON; `of` reads it back."""
        return {
            "rates": dict(self.rates),
            "pass_through": sorted(self.pass_through),
            "rules": [rule.document() for rule in self.rules],
            "tax": self.tax.document(),
        }

    def choose(self, case: Case, version: int = 1) -> Rate:
        """The rate of the rule that wins for `case`; `version` is the policy's."""
        rule = _best([rule for rule in self.rules if not rule.misses(case)])
        if rule is None:
            level = case.level.value
            return Rate(f"level:{level}@{version}", self.rates[level], tax=self.tax, where={"level": level})
        where = {name: value for name, value in rule.document().items() if name not in _MONEY and value}
        return Rate(f"rule:{rule.id}@{version}", rule.bp, rule.by_group, self.tax, where, rule.bounds)

    def judge(self, case: Case) -> list[Verdict]:
        """Every rule with what became of it, in the order of precedence."""
        ordered = sorted(self.rules, key=lambda rule: (*(not part for part in rule.rank), rule.id))
        best = _best([rule for rule in ordered if not rule.misses(case)])
        return [Verdict(rule, rule.misses(case) or ("" if rule is best else "outranked")) for rule in ordered]


def _best(rules: Sequence[Rule]) -> Rule | None:
    """The most specific one. Beginning and id only decide among rules that `checked` would have refused together."""
    return max(rules, key=lambda rule: (rule.rank, rule.from_on or date.min, rule.id), default=None)


def _wrong(rule: Rule) -> str:
    """The field of a rule that is out of its range."""
    limits = {
        "id": _ID.fullmatch(rule.id) is not None,
        "name": len(rule.name) <= 24,
        "category": len(rule.category) <= 32,
        "level": not rule.level or rule.level in RATES,
        "technician": rule.technician_id >= 0,
        "conditions": any(rule.rank),
        "days": not (rule.from_on and rule.until_on) or rule.from_on <= rule.until_on,
        "bp": 0 <= rule.bp <= BP,
        "group": all(group in (ADD_ON, SURCHARGE) and 0 <= bp <= BP for group, bp in rule.by_group.items()),
        "bounds": rule.bounds.are_right,
    }
    return next((name for name, is_right in limits.items() if not is_right), "")
