"""Technicians: levels, transport, status and certificates as values."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    TRAINEE = "trainee"
    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    CHIEF = "chief"


LEVEL_RANK: dict[Level, int] = {level: rank for rank, level in enumerate(Level)}


class Transport(StrEnum):
    EBIKE = "ebike"
    TRANSIT = "transit"
    CAR = "car"


class Gender(StrEnum):
    FEMALE = "female"
    MALE = "male"


class TechnicianStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"


class CertificateStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class CellKind(StrEnum):
    """What an occupied quarter of an hour is used for."""

    HOLD = "hold"
    JOB = "job"
    BUFFER = "buffer"


CELL_MINUTES = 15
