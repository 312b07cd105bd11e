"""Home health care routing and scheduling of Mankowska, Meisel and Bierwirth (2014), in the JSON form of Kummer and of Udine.

Visits need a caregiver with a skill; some need two, who begin together or one a lag after the other. Windows are hard at their
beginning and soft at their end. Cost: (way + all lateness + worst lateness) / 3. Everybody starts and ends at the office.
"""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from servicehub.matching.plans.together import Shared, SharedPlan, solve_shared

KIND = "hhcrsp"
UNIT = 1000
"""Whole numbers in one unit: the instances have three decimals."""
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Instance:
    """The document as it is."""

    name: str
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Visit:
    """A caregiver's part in serving a patient."""

    caregiver: int
    patient: int
    service: str
    begin: float


Solution = list[Visit]


def accepts(path: Path) -> bool:
    """Whether the file holds such an instance."""
    return path.name.endswith((".json", ".json.gz")) and b'"caregivers"' in _bytes(path)


def read(path: Path) -> Instance:
    """Raises: ValueError for what is no JSON."""
    return Instance(path.name.split(".json")[0], json.loads(_bytes(path)))


def best_known(folder: Path, instance: Instance) -> float | None:
    """From the `best_known.csv` beside or above the instances."""
    for file in (folder / "best_known.csv", folder.parent / "best_known.csv"):
        if file.is_file():
            for row in csv.DictReader(file.read_text("utf-8").splitlines()):
                if row.get("instance") == instance.name:
                    return float(row["cost"])
    return None


def run(instance: Instance, seconds: float, seed: int = 1) -> Solution:
    """The engine's answer in `seconds` of CPU."""
    return solution_of(instance, solve_shared(problem_of(instance), seconds=seconds, seed=seed))


def problem_of(instance: Instance) -> Shared:
    """As the engine is asked: the office comes last."""
    document = instance.document
    skills = {service["id"]: k for k, service in enumerate(document["services"])}
    way = np.rint(np.array(document["distances"], float) * UNIT).astype(np.int64)
    turned = [*range(1, len(way)), 0]
    return Shared(
        way=np.ascontiguousarray(way[np.ix_(turned, turned)]),
        visits=np.array([_row(patient, skills, document) for patient in document["patients"]], np.int64),
        able=np.array([[s in c["abilities"] for s in skills] for c in document["caregivers"]]),
    )


def _row(patient: dict[str, Any], skills: dict[str, int], document: dict[str, Any]) -> list[int]:
    durations = {s["id"]: s.get("default_duration", 0) for s in document["services"]}
    need = patient["required_caregivers"]
    parts = [(skills[n["service"]], round(n.get("duration", durations[n["service"]]) * UNIT)) for n in need]
    lag: list[Any] = [0, 0]
    if len(parts) > 1 and patient["synchronization"]["type"] != "simultaneous":
        lag = patient["synchronization"]["distance"]
    (skill, service), (skill_2, service_2) = (*parts, (-1, 0))[:2]
    window = [round(x * UNIT) for x in patient["time_window"]]
    return [*window, skill, service, skill_2, service_2, *(round(x * UNIT) for x in lag)]


def solution_of(instance: Instance, plan: SharedPlan) -> Solution:
    """The engine's plan as visits, caregiver by caregiver."""
    patients = instance.document["patients"]
    return [
        Visit(t, a.visit, patients[a.visit]["required_caregivers"][a.part]["service"], a.begin / UNIT)
        for t, route in enumerate(plan.routes)
        for a in route
    ]


def check(instance: Instance, solution: Solution) -> tuple[float, list[str]]:
    """Cost and broken rules of a solution, in the document's own terms; knows nothing of the engine."""
    document, faults = instance.document, list[str]()
    durations = {s["id"]: s.get("default_duration", 0) for s in document["services"]}
    distances, way = document["distances"], 0.0
    for number, caregiver in enumerate(document["caregivers"]):
        free, here = 0.0, 0
        for visit in (v for v in solution if v.caregiver == number):
            patient = document["patients"][visit.patient]
            if visit.service not in caregiver["abilities"]:
                faults.append(f"{caregiver['id']} cannot do {visit.service}")
            step = distances[here][visit.patient + 1]
            way += step
            if visit.begin < free + step - _TOLERANCE:
                faults.append(f"{caregiver['id']} is not at {patient['id']} by {visit.begin}")
            needs = {n["service"]: n.get("duration", durations[n["service"]]) for n in patient["required_caregivers"]}
            free, here = visit.begin + needs.get(visit.service, 0.0), visit.patient + 1
        way += distances[here][0]
    late: list[float] = []
    for number, patient in enumerate(document["patients"]):
        mine = {v.service: v for v in solution if v.patient == number}
        faults += _wrong(patient, mine, sum(v.patient == number for v in solution))
        opens, closes = patient["time_window"]
        faults += [f"{patient['id']} is visited too early" for v in mine.values() if v.begin < opens - _TOLERANCE]
        late += [max(0.0, v.begin - closes) for v in mine.values()]
    return (way + sum(late) + max(late, default=0.0)) / 3, faults


def _wrong(patient: dict[str, Any], mine: dict[str, Visit], count: int) -> list[str]:
    """What is wrong with who comes to the patient, and when in relation to each other."""
    need = [n["service"] for n in patient["required_caregivers"]]
    if count != len(need) or set(mine) != set(need):
        return [f"{patient['id']} is not served as needed"]
    if len(need) == 1:
        return []
    first, second = mine[need[0]], mine[need[1]]
    lag = second.begin - first.begin
    low, high = (
        (0, 0) if patient["synchronization"]["type"] == "simultaneous" else patient["synchronization"]["distance"]
    )
    faults = [f"{patient['id']}: {lag} between two visits"] if not low - _TOLERANCE <= lag <= high + _TOLERANCE else []
    return faults + ([f"{patient['id']} has one caregiver for both"] if first.caregiver == second.caregiver else [])


def _bytes(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
