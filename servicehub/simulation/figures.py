"""A played day in numbers, and many of them side by side with their uncertainty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from servicehub.domain.fairness import gini
from servicehub.simulation.day import LATE_MINUTES, Day

FIGURES = (
    "fill_pct", "cancelled_pct", "wait_min", "travel_min_per_order", "travel_km_per_order", "late_pct", "utilisation_pct",
    "gini_per_hour", "offers_per_job", "moved", "decision_ms_p99",
)  # fmt: skip
"""Names of what is measured, in the order of tables."""


def measure(day: Day) -> dict[str, float]:
    """What the day was like. Travel and lateness are of the ways and visits as they really were."""
    travel, km, late, served = _walk(day)
    wishes = day.wishes
    waits = [day.starts[o] - wishes[o].booked for o in day.holder if wishes[o].is_immediate]
    hours = {c.technician_id: sum(s.minutes for s in c.calendar.shifts) / 60 for c in day.scenario.technicians}
    worked = dict.fromkeys(hours, 0.0)
    for order_id, who in day.holder.items():
        worked[who] += wishes[order_id].duration / 60
    count = max(1, served)
    return {
        "fill_pct": 100 * served / len(wishes),
        "cancelled_pct": 100 * len(day.cancelled) / len(wishes),
        "wait_min": float(np.mean(waits)) if waits else 0.0,
        "travel_min_per_order": travel / count,
        "travel_km_per_order": km / count,
        "late_pct": 100 * late / count,
        "utilisation_pct": 100 * sum(worked.values()) / sum(hours.values()),
        "gini_per_hour": gini([day.income[t] / hours[t] for t in hours]),
        "offers_per_job": day.offers / count,
        "moved": float(day.moved),
        "decision_ms_p99": float(np.percentile(day.decisions_ms, 99)) if day.decisions_ms else 0.0,
    }


def _walk(day: Day) -> tuple[float, float, int, int]:
    """Minutes and kilometres of way, late visits and served visits, by going through every technician's day as it really was."""
    travel, km, late, served = 0.0, 0.0, 0, 0
    for technician in day.scenario.technicians:
        who = technician.technician_id
        calendar = day.calendars[who]
        here, free = calendar.home, float(technician.calendar.shifts[0].start)
        for job in calendar.jobs:
            if day.holder.get(job.order_id) != who:
                continue
            wish = day.wishes[job.order_id]
            hour = calendar.clock.minute_of_day(job.start) // 60
            leg = calendar.travel.leg(here, job.place, calendar.transport)
            way = leg.calm_minutes * day.scenario.traffic[hour]
            km += leg.distance_m / 1000 * calendar.travel.speeds[calendar.transport].detour
            promised = day.starts[job.order_id]
            arrives = max(free + way, promised)
            travel += way
            late += arrives - promised > LATE_MINUTES
            served += 1
            free, here = arrives + wish.duration, job.place
    return travel, km, late, served


def summary(rows: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Mean and half width of the 95 % confidence interval (Student's t over the seeds) of every figure."""
    return {name: _interval([row[name] for row in rows]) for name in rows[0]}


def difference(rows: Sequence[Mapping[str, float]], base: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """The same of the differences, seed by seed."""
    pairs = list(zip(rows, base, strict=True))
    return {name: _interval([a[name] - b[name] for a, b in pairs]) for name in rows[0]}


def _interval(values: Sequence[float]) -> dict[str, float]:
    n = len(values)
    mean = float(np.mean(values))
    half = float(stats.t.ppf(0.975, n - 1) * np.std(values, ddof=1) / np.sqrt(n)) if n > 1 else 0.0
    return {"mean": round(mean, 4), "half": round(half, 4)}
