"""The inbox of every user: what is sent once, and what was read.

Owns the rows of `sh_notice`. The sentence of each kind is in `texts.notices`; who is told what is decided by the callers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from servicehub import bus
from servicehub.domain.access import Actor, Role
from servicehub.errors import NotLoggedIn
from servicehub.models.account import User
from servicehub.models.customer import Notice
from servicehub.models.order import Order
from servicehub.models.technician import Technician


def send(
    session: Session,
    user_id: int,
    kind: str,
    *,
    key: str,
    now: datetime,
    link: str = "",
    **params: Any,
) -> bool:
    """Put one message into the user's inbox; returns False when `key` was used before, and sends nothing then.

    `params` are plain JSON values; amounts end in `_fen`, instants in `_at` (they are stored as ISO text).
    """
    if not send_each(session, kind, {key: user_id}, now=now, link=link, **params):
        return False
    _hint(session, user_id)
    return True


def tell_customer(session: Session, order: Order, kind: str, *, key: str = "", now: datetime, **params: Any) -> bool:
    """Tell the order's customer, with a link to the order; once for each of its versions unless `key` says otherwise.

    Customers hear of a visit of several people through the order that they bought, not from each companion's.
    """
    if order.lead_id is not None:
        return False
    once = key or f"{kind}:{order.no}:{order.version}"
    return send(session, order.customer_id, kind, key=once, now=now, link=f"/orders/{order.no}/", **params)


def send_each(
    session: Session, kind: str, receivers: Mapping[str, int], *, now: datetime, link: str = "", **params: Any
) -> int:
    """Put the same message into many inboxes, `receivers` by key; returns how many were sent. Hints are the caller's."""
    plain = {name: _plain(value) for name, value in params.items()}
    rows = [
        {"user_id": user_id, "kind": kind, "params": plain, "link": link, "dedupe_key": key, "created_at": now}
        for key, user_id in receivers.items()
    ]
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    once = insert(Notice).values(rows).on_conflict_do_nothing(index_elements=["dedupe_key"])
    return len(session.execute(once.returning(col(Notice.id))).all())


def mark_read(session: Session, actor: Actor, ids: Collection[int] | None, *, now: datetime) -> int:
    """Mark the actor's own notices read, all of them when `ids` is None; returns how many were unread.

    Raises: NotLoggedIn.
    """
    if not actor.user_id:
        raise NotLoggedIn
    query = sa.update(Notice).where(col(Notice.user_id) == actor.user_id, col(Notice.read_at).is_(None))
    if ids is not None:
        query = query.where(col(Notice.id).in_(list(ids)[:200]))
    done = session.execute(query.values(read_at=now).execution_options(synchronize_session=False))
    _hint(session, actor.user_id)
    return int(done.rowcount)  # type: ignore[attr-defined]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _hint(session: Session, user_id: int) -> None:
    """Tell the user's open pages; a technician's pages watch the technician's topic."""
    role, technician_id = session.execute(
        sa.select(col(User.role), col(Technician.id))
        .outerjoin(Technician, col(Technician.user_id) == col(User.id))
        .where(col(User.id) == user_id)
    ).one()
    if role is Role.TECHNICIAN and technician_id:
        bus.publish(session, bus.technician(technician_id))
    else:
        bus.publish(session, bus.customer(user_id))
