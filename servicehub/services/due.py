"""Handling what is due, row by row: a row that cannot be handled is logged and left, and stops no other.

Owns the isolation between rows of one tick. Chooses no rows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

import sqlalchemy as sa
from sqlmodel import Session

R = TypeVar("R")
_log = logging.getLogger(__name__)


def each(session: Session, rows: Iterable[R], handle: Callable[[R], object]) -> int:
    """Call `handle` for every row behind a savepoint of its own; returns how many were handled.

    Raises:
        OperationalError: the database itself failed; nothing of the transaction may be kept.
    """
    handled = 0
    for row in rows:
        name = f"{type(row).__name__} {getattr(row, 'id', '')}"  # never the row itself: logs hold no personal data
        try:
            with session.begin_nested():
                handle(row)
        except sa.exc.OperationalError:
            raise
        except Exception:  # noqa: BLE001 - whatever is wrong with one order must not hold up the others
            _log.exception("%s could not be handled; it stays due", name)
            session.expire(row)  # what the savepoint took back is read again
        else:
            handled += 1
    return handled
