"""Taking a technician on: account, skills, certificates and weekly plan in one transaction; reviewing certificates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session

from servicehub.domain.access import Actor, Permission, Role
from servicehub.domain.geo import Point
from servicehub.domain.technician import CertificateStatus, Gender, Level, TechnicianStatus, Transport
from servicehub.models.technician import Certificate, Technician, TechnicianSkill, WeeklyShift
from servicehub.services import accounts


@dataclass(frozen=True, slots=True)
class Application:
    """What the platform knows of a technician when taking him on. `week`: (weekday, start, end, is_break) in local minutes."""

    name: str
    phone: str
    portrait: str
    gender: Gender
    level: Level
    transport: Transport
    years: int
    bio_zh: str
    bio_en: str
    home: Point
    radius_m: int
    daily_cap: int
    takes_night_jobs: bool
    skills: tuple[str, ...]
    certificates: tuple[tuple[str, CertificateStatus, date, date], ...]
    """(kind, status, issued on, last valid day)."""
    week: tuple[tuple[int, int, int, bool], ...]
    joined_on: date


def enrol(session: Session, actor: Actor, city_id: int, application: Application, *, now: datetime) -> int:
    """Store the technician with account, skills, certificates and plan; returns the technician's id."""
    if actor.role is not Role.SYSTEM:
        actor.require(Permission.TECHNICIAN_REVIEW)
    user = accounts.register(
        session,
        actor,
        city_id=city_id,
        role=Role.TECHNICIAN,
        phone=application.phone,
        display_name=application.name,
        now=now,
    )
    technician = Technician(
        city_id=city_id,
        user_id=user.id,
        name=application.name,
        portrait=application.portrait,
        gender=application.gender,
        level=application.level,
        transport=application.transport,
        status=TechnicianStatus.ACTIVE,
        years=application.years,
        bio_zh=application.bio_zh,
        bio_en=application.bio_en,
        home_lat=application.home.lat,
        home_lng=application.home.lng,
        radius_m=application.radius_m,
        daily_cap=application.daily_cap,
        takes_night_jobs=application.takes_night_jobs,
        joined_on=application.joined_on,
    )
    session.add(technician)
    session.flush()
    technician_id = technician.id or 0
    session.add_all(TechnicianSkill(technician_id=technician_id, skill=skill) for skill in application.skills)
    session.add_all(
        Certificate(technician_id=technician_id, kind=kind, status=status, issued_on=issued_on, expires_on=expires_on)
        for kind, status, issued_on, expires_on in application.certificates
    )
    session.add_all(
        WeeklyShift(technician_id=technician_id, weekday=day, start_minute=start, end_minute=end, is_break=is_break)
        for day, start, end, is_break in application.week
    )
    session.flush()
    return technician_id
