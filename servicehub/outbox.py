"""Jobs that leave with the transaction: `defer` stores a job in the caller's transaction, or nothing at all.

Owns the port. The engine behind it is set when the process starts (`jobs`); in tests a recorder is set. There is no silent default:
without an engine a job would be lost, so `defer` refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from sqlalchemy.orm import Session


class Engine(Protocol):
    """What can store a job inside a transaction."""

    def defer(
        self, session: Session, name: str, payload: Mapping[str, Any], *, key: str | None, delay_s: float
    ) -> None:
        """Store the job; it exists if and only if the transaction commits."""


_engine: Engine | None = None


def set_engine(engine: Engine | None) -> None:
    """Choose where jobs go; None takes the engine away."""
    global _engine  # noqa: PLW0603 - the process has exactly one engine
    _engine = engine


def defer(
    session: Session, name: str, payload: Mapping[str, Any], *, key: str | None = None, delay_s: float = 0
) -> None:
    """Store the job `name` with `payload` (plain JSON values) in this transaction; it runs at least once after the commit.

    `key` makes it unique: while the engine remembers the key (at least a day), the same name and key are stored once. The
    job runs `delay_s` seconds after the commit at the earliest.

    Raises:
        RuntimeError: this process has no job engine.
    """
    if _engine is None:
        raise RuntimeError(f"no job engine: {name!r} would be lost (start the engine or set a recorder)")
    _engine.defer(session, name, payload, key=key, delay_s=delay_s)
