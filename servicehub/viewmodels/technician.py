"""What the technician's screens show, already written in the viewer's language.

Owns shapes only; every field has a default, so that a page has something to draw before the first answer. Amounts are texts
(`…_fen` never leaves the server), `*_s` are seconds, minutes count from local midnight. Contact data is here only while the job
allows it.
"""

from __future__ import annotations

from dataclasses import dataclass

from servicehub.viewmodels.crew import Mate
from servicehub.viewmodels.proposal import ProposalCard


@dataclass(frozen=True, slots=True)
class Chip:
    """A short word with a tone of the kit (`a`, `b`, `i`, …)."""

    key: str = ""
    text: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class OfferCard:
    """The open offer; `id` 0 means there is none."""

    id: int = 0
    left_s: int = 0
    total_s: int = 0
    how: str = ""
    reasons: tuple[Chip, ...] = ()
    take_home: str = ""
    rule: str = ""
    """How the estimate comes about: the commission rule in words."""
    tax: str = ""
    """Income tax that is already off the estimate; "" when none is withheld."""
    distance: str = ""
    travel: str = ""
    transport_icon: str = "bike"
    title: str = ""
    facts: str = ""
    when: str = ""
    gap: str = ""
    area: str = ""


@dataclass(frozen=True, slots=True)
class NextJob:
    """The job that comes or runs; `no` "" means there is none."""

    no: str = ""
    status: str = ""
    status_label: str = ""
    hint: str = ""
    """`14 分钟后出发`, `服务中`, …"""
    urgent: bool = False
    time: str = ""
    day: str = ""
    title: str = ""
    place: str = ""
    action: str = ""
    """The next step's key (`depart`, `arrive`, …) as the machine allows it now."""
    map_url: str = ""
    tel: str = ""


@dataclass(frozen=True, slots=True)
class Workbench:
    name: str = ""
    portrait: str = "av-1"
    role_line: str = ""
    online: bool = False
    income: str = "0.00"
    done: str = "0 / 0"
    on_time: str = "–"
    hall_count: int = 0
    unread: int = 0
    advice: str = ""
    """A warning such as an expiring certificate."""


@dataclass(frozen=True, slots=True)
class HallRow:
    """An order that anybody eligible may take."""

    no: str = ""
    title: str = ""
    facts: str = ""
    when: str = ""
    area: str = ""
    distance: str = ""
    travel: str = ""
    take_home: str = ""
    rule: str = ""
    tax: str = ""
    art: str = ""
    fresh: str = ""
    claimed: bool = False
    """Whether the technician has asked for it and waits for the decision."""
    reasons: tuple[Chip, ...] = ()
    """Why it fits him."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter."""

    value: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class WeekDay:
    value: str = ""
    """ISO date."""
    name: str = ""
    number: str = ""
    label: str = ""
    on: bool = False
    busy: bool = False
    today: bool = False


@dataclass(frozen=True, slots=True)
class AgendaEvent:
    """`kind`: "" (to come), done, go (running), trip, free, off."""

    key: str = ""
    start: int = 0
    end: int = 0
    kind: str = ""
    title: str = ""
    line: str = ""
    tail: str = ""
    status: str = ""
    status_label: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Stop:
    """One place of today's route."""

    key: str = ""
    number: str = ""
    time: str = ""
    title: str = ""
    leg: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class HourMark:
    minute: int = 0
    text: str = ""


@dataclass(frozen=True, slots=True)
class DaySchedule:
    day: str = ""
    title: str = ""
    month: str = ""
    previous: str = ""
    next: str = ""
    is_today: bool = False
    week: tuple[WeekDay, ...] = ()
    jobs: str = ""
    hours: str = ""
    income: str = ""
    free: str = ""
    first_minute: int = 480
    minutes: int = 720
    """How much of the day the agenda draws."""
    hour_marks: tuple[HourMark, ...] = ()
    events: tuple[AgendaEvent, ...] = ()
    now_minute: int = -1
    now_text: str = ""
    points: str = "[]"
    line: str = "[]"
    stops: tuple[Stop, ...] = ()
    route_total: str = ""


@dataclass(frozen=True, slots=True)
class JobRow:
    no: str = ""
    tail: str = ""
    title: str = ""
    when: str = ""
    area: str = ""
    status: str = ""
    status_label: str = ""
    take_home: str = ""
    art: str = ""


@dataclass(frozen=True, slots=True)
class CheckLine:
    key: str = ""
    text: str = ""
    done: bool = False


@dataclass(frozen=True, slots=True)
class Photo:
    key: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    key: str = ""
    title: str = ""
    sub: str = ""
    icon: str = "check"
    state: str = "ok"


@dataclass(frozen=True, slots=True)
class Job:
    """One job as its technician works it; `no` "" means it is not (or no longer) his."""

    no: str = ""
    tail: str = ""
    status: str = ""
    status_label: str = ""
    step: str = ""
    """What to do now: depart, arrive, start, finish, wait, or "" when there is nothing."""
    step_title: str = ""
    step_text: str = ""
    cash: str = ""
    """What the customer wants to hand over in cash; empty for nothing."""
    may_propose: bool = False
    """Add-ons may be proposed now…"""
    is_asking: bool = False
    """…but the customer has not answered the last ones."""
    proposals: tuple[ProposalCard, ...] = ()
    """What was proposed, newest first."""
    crew: tuple[Mate, ...] = ()
    """Everybody of a visit of several people, the lead first."""
    is_companion: bool = False
    """Somebody else leads the visit."""
    timer_s: int = 0
    timer_up: bool = False
    has_timer: bool = False
    title: str = ""
    facts: str = ""
    when: str = ""
    art: str = ""
    area: str = ""
    address: str = ""
    contact: str = ""
    tel: str = ""
    contact_open: bool = False
    map_url: str = ""
    points: str = "[]"
    note: str = ""
    requirements: tuple[Chip, ...] = ()
    take_home: str = ""
    rule: str = ""
    tax: str = ""
    tries_left: int = 5
    may_photo_before: bool = False
    may_photo_after: bool = False
    before: tuple[Photo, ...] = ()
    after: tuple[Photo, ...] = ()
    checklist: tuple[CheckLine, ...] = ()
    checklist_left: int = 0
    may_cancel: bool = False
    may_no_show: bool = False
    wait_minutes: int = 0
    """How long he waits at the door for a customer who is not there."""
    wait_left_s: int = 0
    phase: int = 0
    """0 accepted … 4 done: the dot of the steps."""
    log: tuple[LogLine, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanWindow:
    key: str = ""
    weekday: int = 0
    start: str = ""
    end: str = ""
    is_break: bool = False


@dataclass(frozen=True, slots=True)
class PlanDay:
    weekday: int = 0
    name: str = ""
    summary: str = ""
    hours: str = ""
    works: bool = False
    start: str = "09:00"
    end: str = "18:00"
    break_start: str = ""
    break_end: str = ""
    more: str = ""
    """Further windows that the simple editor leaves alone."""


@dataclass(frozen=True, slots=True)
class Absence:
    id: int = 0
    when: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SpecialDay:
    value: str = ""
    day: str = ""
    hours: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    days: tuple[PlanDay, ...] = ()
    week_hours: str = ""
    special: tuple[SpecialDay, ...] = ()
    absences: tuple[Absence, ...] = ()
    today: str = ""
    last: str = ""


@dataclass(frozen=True, slots=True)
class JobInside:
    """A job that stands in the way of an absence."""

    no: str = ""
    title: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate. `tone`: ok, warn, bad, or ""."""

    key: str = ""
    name: str = ""
    state: str = ""
    line: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    id: int = 0
    title: str = ""
    body: str = ""
    when: str = ""
    link: str = ""
    unread: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    name: str = ""
    portrait: str = "av-1"
    phone: str = ""
    level: str = ""
    level_gives: tuple[Chip, ...] = ()
    skills: tuple[Chip, ...] = ()
    rating: str = "–"
    reviews: str = ""
    done: str = "0"
    acceptance: str = "–"
    on_time: str = "–"
    transport: str = ""
    radius: str = ""
    cap: str = ""
    joined: str = ""
    papers: tuple[Paper, ...] = ()
    messages: tuple[Message, ...] = ()
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Bar:
    """One column of the last days' earnings."""

    day: str = ""
    net: str = ""
    percent: int = 0
    """Of the highest column."""
