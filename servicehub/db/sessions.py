"""Sessions as the product uses them, and what is to happen once their transaction is durable."""

from __future__ import annotations

import logging
from collections.abc import Callable

import sqlalchemy as sa
from sqlmodel import Session

AFTER_COMMIT = "after_commit"
"""Key of `Session.info`: a list of callables without arguments, called once after the COMMIT, dropped on rollback."""
_log = logging.getLogger(__name__)


def session_on(connection: sa.Connection) -> Session:
    """A session whose commits are savepoints of the connection's transaction; rows stay readable afterwards."""
    return Session(bind=connection, join_transaction_mode="create_savepoint", expire_on_commit=False)


def run_hooks(session: Session) -> None:
    """Call what the transaction asked for; an error there can no longer undo anything, so it is only logged."""
    hooks: list[Callable[[], None]] = session.info.pop(AFTER_COMMIT, [])
    for hook in hooks:
        try:
            hook()
        except Exception:  # noqa: BLE001 - whatever it was, the transaction is durable
            _log.exception("after-commit hook failed")
