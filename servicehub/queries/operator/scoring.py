"""Stored candidates of a decision as rows: score parts as bars, failed rules as sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from servicehub.matching import TERM_BY_NAME, rule_sentence
from servicehub.models.technician import Technician
from servicehub.queries.operator import words
from servicehub.texts import Locale, formats, say
from servicehub.viewmodels.operator import CandidateRow, ScorePart


def candidate_rows(
    candidates: Sequence[Mapping[str, Any]], people: Mapping[int, Technician], chosen_id: int | None, *, locale: Locale
) -> tuple[CandidateRow, ...]:
    """In the stored order: best first, excluded last. Bars share one scale, the largest part of any candidate."""
    widest = max((abs(float(v)) for c in candidates for v in c.get("parts", {}).values()), default=1.0) or 1.0
    rows, rank = [], 0
    for c in candidates:
        person = people.get(int(c["technician_id"]))
        numbers = c.get("numbers", {})
        failed = tuple(rule_sentence(locale, rule, numbers.get(rule)) for rule in c.get("failed", ()))
        rank += not failed
        minutes = int(c.get("travel_minutes") or 0)
        rows.append(
            CandidateRow(
                technician_id=int(c["technician_id"]),
                rank="" if failed else str(rank),
                name=person.name if person else f"#{c['technician_id']}",
                portrait=person.portrait if person else "av-1",
                level=words.word(locale, words.LEVEL, person.level.value) if person else "",
                distance=formats.distance(int(c.get("distance_m") or 0)),
                travel=say(locale, "{n} min travel", n=minutes) if minutes or not failed else "",
                score="" if failed else f"{float(c.get('score') or 0):.0f}".replace("-", formats.MINUS),
                is_feasible=not failed,
                is_chosen=chosen_id is not None and int(c["technician_id"]) == chosen_id,
                failed=failed,
                parts=() if failed else _parts(c.get("parts", {}), widest, locale),
            )
        )
    return tuple(rows)


def _parts(parts: Mapping[str, Any], widest: float, locale: Locale) -> tuple[ScorePart, ...]:
    return tuple(
        ScorePart(
            name=say(locale, TERM_BY_NAME[term].sentence) if term in TERM_BY_NAME else term,
            text=f"{float(value):+.0f}".replace("-", formats.MINUS),
            width=f"{min(100.0, abs(float(value)) / widest * 100):.0f}%",
            is_penalty=float(value) < 0,
        )
        for term, value in sorted(parts.items(), key=lambda item: -abs(float(item[1])))
        if float(value)
    )
