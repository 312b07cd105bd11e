"""How likely somebody says yes to an offer, learned from the answers of a city.

A logistic regression whose weights are pulled towards nothing (ridge, a Gaussian prior), on top of each technician's own share of
accepted offers: without history the model says exactly that share. Fitted by penalised maximum likelihood.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
FEATURES: tuple[str, ...] = ("base", "way", "evening", "weekend", "short_notice", "length")
"""The weights: of everybody alike, of each half hour of way, of a visit from 18:00 to 07:00, on a weekend, with less than three
hours' notice, of each hour that the visit lasts more than one and a half."""
PRIOR_PRECISION = 8.0
"""How strongly weights are pulled to 0: as much as so many answers with the feature at 1 would."""
EVENING_FROM, MORNING_FROM = 18 * 60, 7 * 60
SHORT_NOTICE_HOURS = 3.0
USUAL_HOURS = 1.5
LEAST_ANSWERS = 50
"""Fewer teach nothing."""


@dataclass(frozen=True)
class Acceptance:
    """What was learned. `weights` by feature, in log odds; `answers`: from how many."""

    weights: Mapping[str, float] = field(default_factory=dict)
    answers: int = 0

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Acceptance:
        """From a stored document; an empty one is a model that has learned nothing."""
        weights = {f: float(document.get("weights", {}).get(f, 0.0)) for f in FEATURES}
        return cls(weights if any(weights.values()) else {}, int(document.get("answers", 0)))

    def as_document(self) -> dict[str, Any]:
        """As stored."""
        return {"weights": {f: round(w, 4) for f, w in self.weights.items()}, "answers": self.answers}

    def likely(self, own: ArrayLike, features: Floats) -> Floats:
        """Probability of a yes, by row. `own`: the technician's share of accepted offers; `features` [rows, FEATURES]."""
        share = np.clip(np.asarray(own, np.float64), 0.01, 0.99)
        if not self.weights:
            return share
        return np.asarray(_sigmoid(_logit(share) + features @ np.array([self.weights[f] for f in FEATURES])))

    def effect(self, feature: str, amount: float = 1.0, share: float = 0.8) -> float:
        """By how much the probability of somebody who accepts `share` of the offers changes with `amount` of the feature."""
        return float(_sigmoid(_logit(np.float64(share)) + self.weights.get(feature, 0.0) * amount)) - share


def features(
    way_minutes: ArrayLike, minute_of_day: ArrayLike, weekday: ArrayLike, notice_hours: ArrayLike, minutes: ArrayLike
) -> Floats:
    """[rows, FEATURES] of offers; weekday 0 is Monday."""
    way, clock = np.asarray(way_minutes, np.float64), np.asarray(minute_of_day)
    columns = (
        np.ones(len(way)),
        way / 30,
        (clock >= EVENING_FROM) | (clock < MORNING_FROM),
        np.asarray(weekday) >= 5,
        np.asarray(notice_hours, np.float64) < SHORT_NOTICE_HOURS,
        np.asarray(minutes, np.float64) / 60 - USUAL_HOURS,
    )
    return np.column_stack([np.asarray(column, np.float64) for column in columns])


def learn(own: ArrayLike, of: Floats, accepted: ArrayLike) -> Acceptance:
    """The most probable weights after these answers. Too few, or all the same, teach nothing.

    Args:
        own: [answers] each technician's share of accepted offers.
        of: [answers, FEATURES].
        accepted: [answers] whether the answer was yes.
    """
    yes = np.asarray(accepted, np.bool_)
    if len(yes) < LEAST_ANSWERS or yes.all() or not yes.any():
        return Acceptance()
    offset, sign = _logit(np.clip(np.asarray(own, np.float64), 0.01, 0.99)), np.where(yes, 1.0, -1.0)

    def loss(weights: Floats) -> tuple[float, Floats]:
        margin = sign * (offset + of @ weights)
        wrong = _sigmoid(-margin)
        value = float(np.logaddexp(0.0, -margin).sum() + 0.5 * PRIOR_PRECISION * weights @ weights)
        return value, -(of.T @ (sign * wrong)) + PRIOR_PRECISION * weights

    found = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B").x
    return Acceptance(dict(zip(FEATURES, (float(w) for w in found), strict=True)), len(yes))


def _logit(share: Any) -> Any:
    return np.log(share / (1 - share)) if isinstance(share, np.ndarray) else math.log(share / (1 - share))


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-np.clip(x, -30, 30)))
