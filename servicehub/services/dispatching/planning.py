"""Visits that are planned but not firm: asked to be planned anew, the question read, the answer applied.

The search itself runs elsewhere (`workflows.replanning`): between the two transactions anything may happen, so the answer is
applied as a whole or not at all, under the locks of every day it touches and only to orders that are as they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from servicehub import bus
from servicehub.domain.access import SYSTEM, Actor, Permission
from servicehub.domain.timewindow import instant_of, minute_of
from servicehub.errors import NotAllowed, NotFound, SlotTaken
from servicehub.matching import Candidate, Policy
from servicehub.matching.replan import Movable
from servicehub.matching.replan import Replan as Answer
from servicehub.models.dispatch import Replan, ReplanStatus
from servicehub.models.order import Order, planned_ahead
from servicehub.services import audits, roster, scheduling, transitions
from servicehub.services.dispatching.rounds import explain

EVERY = timedelta(minutes=5)
"""How often the platform plans anew by itself."""
MOST_VISITS = 400
START_STEP = 30
"""Minutes between the starts that are tried in a customer's window."""
LOST_AFTER = timedelta(minutes=5)
"""A run that has not reported for so long died with its process."""
_OPEN = (ReplanStatus.QUEUED, ReplanStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class Question:
    """What the search is given: values that may leave the process, and the versions they were read at."""

    movable: tuple[Movable, ...]
    candidates: tuple[Candidate, ...]
    policy: Policy
    versions: dict[int, int]
    """Order -> version."""


def request(session: Session, actor: Actor, *, now: datetime) -> int:
    """Ask for the city's planned visits to be planned anew; the run that is already open, if there is one. Returns its id.

    Raises: NotAllowed (also for a role narrowed to districts: a plan is the whole city's).
    """
    _require_city(actor)
    queued = _queue(session, actor.city_id, actor.user_id, now)
    if queued is not None:
        audits.record(session, actor, "dispatch.replan", f"replan:{queued}", "", {}, now=now)
    bus.publish(session, bus.dispatch(str(actor.city_id)))
    return queued or session.exec(_open_run(actor.city_id)).one()


def stop(session: Session, actor: Actor, replan_id: int) -> None:
    """Let an open run end with what it has. Raises: NotAllowed, NotFound."""
    _require_city(actor)
    done = session.execute(
        sa.update(Replan)
        .where(col(Replan.id) == replan_id, col(Replan.city_id) == actor.city_id, col(Replan.status).in_(_OPEN))
        .values(stop=True)
    )
    if not done.rowcount:  # type: ignore[attr-defined]
        raise NotFound(f"replan {replan_id}")
    bus.publish(session, bus.dispatch(str(actor.city_id)))


def queue_due(session: Session, now: datetime) -> int:
    """Queue a run for every city whose planned visits were not looked at for a while; runs that died are closed. How many."""
    session.execute(
        sa.update(Replan)
        .where(col(Replan.status) == ReplanStatus.RUNNING, col(Replan.started_at) < now - LOST_AFTER)
        .values(status=ReplanStatus.FAILED, done_at=now)
    )
    recent = sa.select(Replan.city_id).where(sa.or_(col(Replan.status).in_(_OPEN), col(Replan.asked_at) > now - EVERY))
    waiting = session.exec(
        select(Order.city_id).where(planned_ahead(now), col(Order.city_id).not_in(recent)).distinct()
    ).all()
    return sum(_queue(session, city_id, SYSTEM.user_id, now) is not None for city_id in waiting)


def is_queued(session: Session) -> bool:
    """Whether any run waits to be worked on."""
    return session.exec(select(Replan.id).where(Replan.status == ReplanStatus.QUEUED).limit(1)).first() is not None


def begin(session: Session, now: datetime) -> tuple[int, Question] | None:
    """Take the oldest queued run and read its question; None when nothing is queued."""
    found = session.exec(
        select(Replan)
        .where(Replan.status == ReplanStatus.QUEUED)
        .order_by(col(Replan.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if found is None:
        return None
    question = _question(session, found.city_id, now)
    found.status, found.started_at, found.orders = ReplanStatus.RUNNING, now, len(question.movable)
    session.add(found)
    bus.publish(session, bus.dispatch(str(found.city_id)))
    return found.id or 0, question


def is_stopped(session: Session, replan_id: int) -> bool:
    """Whether somebody asked the run to end."""
    return session.get_one(Replan, replan_id, populate_existing=True).stop


def finish(session: Session, replan_id: int, question: Question, answer: Answer | None, *, now: datetime) -> int:
    """Apply what was found, as a whole or not at all; returns how many visits changed hands. `answer` None: the search failed."""
    run = session.get_one(Replan, replan_id, populate_existing=True)
    moved = 0
    if answer is None:
        run.status = ReplanStatus.FAILED
    else:
        orders = _unchanged(session, question, answer)
        starts = {order.id or 0: minute_of(order.start_at) for order in orders}
        moved = _apply(session, orders, answer, now) if orders else 0
        kept = answer if moved == len(answer.moves) else Answer((), 0, answer.before, answer.before, answer.rounds)
        run.status = ReplanStatus.STOPPED if run.stop else ReplanStatus.DONE
        run.result = _document(kept, {order.id or 0: order.no for order in orders}, starts)
    run.done_at = now
    session.add(run)
    bus.publish(session, bus.dispatch(str(run.city_id)))
    return moved


def _require_city(actor: Actor) -> None:
    actor.require(Permission.DISPATCH_ASSIGN)
    if actor.district_ids:
        raise NotAllowed("a plan is the whole city's")


def _open_run(city_id: int) -> Any:
    return select(Replan.id).where(Replan.city_id == city_id, col(Replan.status).in_(_OPEN))


def _queue(session: Session, city_id: int, actor_id: int, now: datetime) -> int | None:
    """A new run's id; None when one is open, also if somebody else opened it at this moment: the database allows one."""
    if session.exec(_open_run(city_id)).first() is not None:
        return None
    run = Replan(city_id=city_id, status=ReplanStatus.QUEUED, actor_id=actor_id, asked_at=now)
    try:
        with session.begin_nested():
            session.add(run)
            session.flush()
    except sa.exc.IntegrityError:
        return None
    return run.id


def _question(session: Session, city_id: int, now: datetime) -> Question:
    orders = session.exec(
        select(Order)
        .where(planned_ahead(now), Order.city_id == city_id)
        .order_by(col(Order.start_at), col(Order.id))
        .limit(MOST_VISITS)
    ).all()
    situations = roster.situations(session, list(orders), now=now)
    if not orders:
        return Question((), (), Policy(), {})
    holders = scheduling.holders(session, [order.id or 0 for order in orders])
    some = situations[orders[0].id or 0]
    return Question(
        movable=tuple(Movable(situations[o.id or 0].job, holders.get(o.id or 0), _starts(o)) for o in orders),
        candidates=some.crew.candidates,
        policy=some.policy,
        versions={o.id or 0: o.version for o in orders},
    )


def _starts(order: Order) -> tuple[int, ...]:
    """Epoch minutes at which the visit may begin; none where its time is promised."""
    if order.window_from is None or order.window_until is None:
        return ()
    return tuple(range(minute_of(order.window_from), minute_of(order.window_until) + 1, START_STEP))


def _unchanged(session: Session, question: Question, answer: Answer) -> list[Order]:
    """The orders of the moves, if all are as they were read; none otherwise."""
    ids = [move.order_id for move in answer.moves]
    orders = session.exec(
        select(Order).where(col(Order.id).in_(ids)).with_for_update().execution_options(populate_existing=True)
    ).all()
    holders = scheduling.holders(session, ids)
    same = all(question.versions[order.id or 0] == order.version for order in orders)
    held = all(holders.get(move.order_id) == move.from_id for move in answer.moves)
    return list(orders) if same and held and len(orders) == len(ids) else []


def _apply(session: Session, orders: Sequence[Order], answer: Answer, now: datetime) -> int:
    to = {move.order_id: move for move in answer.moves}
    pairs = [(order, who) for order in orders if (who := to[order.id or 0].to_id) is not None]
    if len(pairs) < len(orders):
        return 0
    try:
        with session.begin_nested():
            for order in orders:
                _amend(session, order, instant_of(to[order.id or 0].start), now)
            if not scheduling.exchange(session, pairs, now=now):
                raise SlotTaken(f"{len(pairs)} visits")
    except SlotTaken:
        return 0
    situations = roster.situations(session, list(orders), now=now)
    for order, who in pairs:
        situation = situations[order.id or 0]
        explain(session, order, situation.ranking(), situation.policy, who, "replanned", SYSTEM, now=now)
    return len(pairs)


def _amend(session: Session, order: Order, start_at: datetime, now: datetime) -> None:
    """The visit begins then; it becomes firm, and the search for somebody ends, so much earlier or later, too."""
    later = start_at - order.start_at
    window = start_at, order.end_at + later
    firm_at = order.dispatch_at + later if order.dispatch_at is not None else None
    ends_at = transitions.timer(session, order, order.status, now, window)
    transitions.amend(session, order, start_at=start_at, end_at=window[1], dispatch_at=firm_at, deadline_at=ends_at)


def _document(answer: Answer, numbers: dict[int, str], starts: dict[int, int]) -> dict[str, object]:
    """`starts`: when each order began before; a move names the new start where that is another."""
    moves = []
    for move in answer.moves:
        moved: dict[str, object] = {"no": numbers[move.order_id], "from_id": move.from_id, "to_id": move.to_id}
        moves.append(moved | ({"start": move.start} if move.start != starts[move.order_id] else {}))
    return {
        "gain_s": answer.gain_s,
        "before": asdict(answer.before),
        "after": asdict(answer.after),
        "moves": moves,
    }
