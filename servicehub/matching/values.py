"""What the matching is told: a job, the people who might do it, and the policy by which they are weighed. Values only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from servicehub.domain.calendar import Calendar, Terms, WhyNot
from servicehub.domain.geo import Point
from servicehub.domain.technician import Gender, Level
from servicehub.errors import Invalid
from servicehub.matching.acceptance import Acceptance


@dataclass(frozen=True, slots=True)
class Job:
    """One visit that needs a technician. `start` is an epoch minute."""

    order_id: int
    place: Point
    start: int
    minutes: int
    now: datetime
    buffer_minutes: int = 0
    skill: str = ""
    certificate: str = ""
    """Kind of certificate that must be valid on the day of the visit; empty: none."""
    further: tuple[tuple[str, str], ...] = ()
    """(skill, certificate) of the other services of the same visit."""
    customer_id: int = 0
    gender: Gender | None = None
    requested_technician_id: int | None = None
    is_immediate: bool = False
    is_urgent: bool = False
    """A rescued order: fairness does not count, the promise does."""
    asked: frozenset[int] = frozenset()
    """Technicians who were already asked in this search, or declined."""
    waived: frozenset[WhyNot] = frozenset()

    @property
    def needs(self) -> tuple[tuple[str, str], ...]:
        """(skill, certificate) of everything that is done in the visit."""
        return (self.skill, self.certificate), *self.further

    @property
    def terms(self) -> Terms:
        """The question to a calendar. Notice and horizon bound the customer when booking, not the platform now."""
        return Terms(
            place=self.place,
            minutes=self.minutes,
            buffer_minutes=self.buffer_minutes,
            now=self.now,
            limited=False,
            waived=self.waived,
        )


@dataclass(frozen=True, slots=True)
class Candidate:
    """One technician as the matching sees him."""

    technician_id: int
    calendar: Calendar
    """Plan, committed jobs, home, live position, radius, cap and nights; without any service's certificate."""
    gender: Gender
    level: Level
    is_active: bool = True
    is_online: bool = False
    skills: frozenset[str] = frozenset()
    certificates: Mapping[str, date] = field(default_factory=dict)
    """Kind -> last valid day, approved ones only."""
    rating_sum: int = 0
    rating_count: int = 0
    offers_feasible: int = 0
    offers_accepted: int = 0
    income_fen: int = 0
    available_minutes: int = 0
    """What the technician earned, and was available for, in the same recent days."""
    visits_to: Mapping[int, int] = field(default_factory=dict)
    """Customer -> finished visits."""
    blocked: frozenset[int] = frozenset()
    """Customers with whom the technician is never matched again."""

    @property
    def rating(self) -> float:
        """Mean stars, pulled towards 4.7 by ten imagined reviews so that newcomers start neutral."""
        return (self.rating_sum + 47.0) / (self.rating_count + 10)

    @property
    def acceptance(self) -> float:
        """Share of feasible offers accepted, pulled towards 0.8 by ten imagined offers."""
        return (self.offers_accepted + 8.0) / (self.offers_feasible + 10)

    @property
    def income_per_hour_fen(self) -> float | None:
        """None until ten hours are known."""
        return self.income_fen * 60 / self.available_minutes if self.available_minutes >= 600 else None


DEFAULT_WEIGHTS: dict[str, float] = {
    "travel": 1.0,
    "lateness": 1.0,
    "idle": 0.1,
    "gap": 1.0,
    "load": 1.0,
    "rating": 1.0,
    "level": 1.0,
    "regular": 1.0,
    "acceptance": 1.0,
    "presence": 1.0,
    "fairness": 1.0,
    "requested": 1.0,
}


MOST_WEIGHT = 5.0
MOST_COMMIT_HOURS = 168.0
MOST_MOVED_COST_S = 7200
MOST_CLAIM_SECONDS = 30
MOST_REPAIR_MINUTES = 240


@dataclass(frozen=True)
class Policy:
    """How much each term of the objective counts, and when a choice is firm. A term that is not named counts nothing."""

    version: int = 0
    weights: Mapping[str, float] = field(default_factory=lambda: dict(DEFAULT_WEIGHTS))
    services: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """Skill of a service -> weights that differ for it."""
    commit_hours: float = 48.0
    """How long before the visit a scheduled order becomes firm; until then its technician is planned, not told."""
    moved_cost_s: int = 300
    """What a planned visit must gain, in seconds of the score, to be moved to somebody else."""
    claim_seconds: int = 3
    """How long claims of an order in the hall are collected; 0: the first one wins."""
    fair_floor_pct: int = 70
    """Who earned less of the median income per available hour than this has fairness count twice; 0: nobody."""
    repair_minutes: int = 30
    """An accepted visit that will be so late goes to somebody who is in time; 0: never by itself."""
    acceptance: Acceptance = field(default_factory=Acceptance)
    """What was learned about who says yes; not a decision of people, and not part of a version that they adopt."""

    def weight(self, term: str, service: str = "") -> float:
        """How much the term counts; for a service by the skill that it asks for."""
        own = self.services.get(service, {})
        return own[term] if term in own else self.weights.get(term, 0.0)

    def for_service(self, service: str) -> Policy:
        """What one service is decided by."""
        return replace(self, weights={**self.weights, **self.services.get(service, {})}, services={})

    def as_document(self) -> dict[str, Any]:
        """As stored with a decision."""
        learned = {"acceptance": self.acceptance.as_document()} if self.acceptance.weights else {}
        return {"version": self.version, **self.adopted(), **learned}

    def adopted(self) -> dict[str, Any]:
        """What people decide about."""
        return {
            "weights": dict(self.weights),
            **({"services": {name: dict(own) for name, own in self.services.items()}} if self.services else {}),
            "commit_hours": self.commit_hours,
            "moved_cost_s": self.moved_cost_s,
            "claim_seconds": self.claim_seconds,
            "fair_floor_pct": self.fair_floor_pct,
            "repair_minutes": self.repair_minutes,
        }

    @classmethod
    def of(cls, document: Mapping[str, Any], version: int = 0) -> Policy:
        """From a stored document; terms it does not name keep their default weight."""
        weights = {**DEFAULT_WEIGHTS, **{str(k): float(v) for k, v in document.get("weights", {}).items()}}
        return cls(
            version=int(document.get("version", version)),
            weights=weights,
            services={
                str(name): {str(k): float(v) for k, v in own.items()}
                for name, own in document.get("services", {}).items()
                if own
            },
            commit_hours=float(document.get("commit_hours", cls.commit_hours)),
            moved_cost_s=int(document.get("moved_cost_s", cls.moved_cost_s)),
            claim_seconds=int(document.get("claim_seconds", cls.claim_seconds)),
            fair_floor_pct=int(document.get("fair_floor_pct", cls.fair_floor_pct)),
            repair_minutes=int(document.get("repair_minutes", cls.repair_minutes)),
            acceptance=Acceptance.of(document.get("acceptance", {})),
        )

    @classmethod
    def checked(cls, document: Mapping[str, Any]) -> Policy:
        """From what a person wants to adopt. Raises: Invalid for an unknown term or a number that is out of bounds."""
        weights = document.get("weights", {})
        try:
            named = set(weights).union(*document.get("services", {}).values())
            policy = cls.of(document)
        except (TypeError, ValueError, AttributeError) as error:
            raise Invalid("no number") from error
        if named - set(DEFAULT_WEIGHTS):
            raise Invalid("terms", unknown=sorted(named - set(DEFAULT_WEIGHTS)))
        numbers = [(w, MOST_WEIGHT) for own in (policy.weights, *policy.services.values()) for w in own.values()]
        numbers += [(policy.commit_hours, MOST_COMMIT_HOURS), (policy.moved_cost_s, MOST_MOVED_COST_S)]
        numbers += [(policy.fair_floor_pct, 100), (policy.claim_seconds, MOST_CLAIM_SECONDS)]
        numbers += [(policy.repair_minutes, MOST_REPAIR_MINUTES)]
        if not all(math.isfinite(number) and 0 <= number <= most for number, most in numbers):
            raise Invalid("out of bounds")
        return policy


DEFAULT_POLICY = Policy()
