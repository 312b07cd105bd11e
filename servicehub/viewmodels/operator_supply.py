"""What operators see of supply: the dispatch board, technicians and their days. Shapes only, as in `viewmodels.operator`."""

from __future__ import annotations

from dataclasses import dataclass

from servicehub.viewmodels.operator import AuditRow


@dataclass(frozen=True, slots=True)
class QueueRow:
    """An order that waits for a technician. `tone`: ok, warn or bad by how long it has waited and how near the visit is."""

    no: str
    service: str
    area: str
    district: str
    visit: str
    amount: str
    note: str
    waited_s: int
    tone: str
    is_urgent: bool


@dataclass(frozen=True, slots=True)
class LaneBar:
    no: str
    start: int
    end: int
    """Minutes since the city's midnight, clipped to the chart."""
    text: str
    title: str
    kind: str


@dataclass(frozen=True, slots=True)
class Lane:
    technician_id: int
    name: str
    portrait: str
    note: str
    state: str
    state_text: str
    bars: tuple[LaneBar, ...]
    may: bool = False
    """Whether the chosen order may be given to him."""
    why: str = ""
    """Why not."""


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One order's decision."""

    id: int
    no: str
    service: str
    who: str
    found: bool
    """Whether anybody could be chosen."""
    note: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Orders that were decided at one instant."""

    key: str
    when: str
    rows: tuple[BatchRow, ...]


@dataclass(frozen=True, slots=True)
class Board:
    queue: tuple[QueueRow, ...]
    lanes: tuple[Lane, ...]
    pins: str
    """JSON of the map's points."""
    online: int
    busy: int
    en_route: int
    slow_pct: int = 0
    """How much longer ways take now than usual; 0: as usual."""
    now_minute: int = 0
    """Of the city's day, for the line of the present moment; 0 outside the chart."""


@dataclass(frozen=True, slots=True)
class TechnicianRow:
    id: int
    name: str
    portrait: str
    level: str
    state: str
    state_text: str
    skills: str
    score: str
    reviews: str
    acceptance: str
    on_time: str
    jobs_today: int
    certificate: str
    certificate_tone: str


@dataclass(frozen=True, slots=True)
class CertificateRow:
    id: int
    name: str
    state: str
    tone: str
    issued: str
    expires: str


@dataclass(frozen=True, slots=True)
class JobRow:
    no: str
    visit: str
    service: str
    area: str
    status: str
    status_text: str
    amount: str


@dataclass(frozen=True, slots=True)
class ShiftRow:
    day: str
    hours: str
    breaks: str


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class TechnicianPage:
    person: TechnicianRow
    phone: str
    facts: str
    figures: tuple[Figure, ...]
    earnings: tuple[Figure, ...]
    certificates: tuple[CertificateRow, ...]
    week: tuple[ShiftRow, ...]
    jobs: tuple[JobRow, ...]
    audits: tuple[AuditRow, ...]
    may_suspend: bool
    may_restore: bool
    may_adjust: bool
