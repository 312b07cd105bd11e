"""Planning anew, where a transaction meets a long computation: question read, searched in a process of its own, answer applied.

No web event waits for it and no transaction is open meanwhile. Whoever asked may stop it; what was found so far is then applied.
"""

from __future__ import annotations

import logging
import multiprocessing
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from multiprocessing.connection import Connection

from servicehub.db import Database
from servicehub.matching.replan import Replan, improve
from servicehub.services.dispatching import planning
from servicehub.services.dispatching.planning import Question

ROUNDS = 300
"""Neighbourhoods tried after the sweeps."""
LONGEST_S = 60.0
ASK_EVERY_S = 0.5
"""How often it is asked whether the run shall stop."""
Solver = Callable[[Question, Callable[[], bool]], Replan | None]
_log = logging.getLogger(__name__)


def run_queued(database: Database, now: datetime, *, solver: Solver | None = None) -> int:
    """Work on the oldest queued run; returns how many visits changed hands. 0 as well when nothing is queued."""
    begun = database.write_now(planning.begin, now) if database.read_now(planning.is_queued) else None
    if begun is None:
        return 0
    replan_id, question = begun
    answer: Replan | None = None
    began_s = time.monotonic()
    try:
        answer = (solver or in_a_process)(question, lambda: database.read_now(planning.is_stopped, replan_id))
    finally:
        done_at = now + timedelta(seconds=time.monotonic() - began_s)
        moved = database.write_now(planning.finish, replan_id, question, answer, now=done_at)
    return moved


def in_a_process(question: Question, is_stopped: Callable[[], bool], *, longest_s: float = LONGEST_S) -> Replan | None:
    """Search in a fresh process; None when it died. It is told to stop after `longest_s`, and answers with what it has."""
    if not question.movable:
        return here(question, is_stopped)
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    worker = context.Process(target=_work, args=(theirs, question), name="replan", daemon=True)
    worker.start()
    theirs.close()
    waited_s, told = 0.0, False
    try:
        while not ours.poll(ASK_EVERY_S):
            waited_s += ASK_EVERY_S
            if not told and (waited_s >= longest_s or is_stopped()):
                ours.send("stop")
                told = True
            if not worker.is_alive() and not ours.poll():
                _log.error("the process that plans ended with %s", worker.exitcode)
                return None
        answer: Replan = ours.recv()
    except EOFError:
        _log.exception("the process that plans died")
        return None
    finally:
        worker.join(1.0)
        if worker.is_alive():
            worker.kill()
    return answer


def here(question: Question, is_stopped: Callable[[], bool]) -> Replan:
    """Search in this thread."""
    return improve(
        question.movable,
        question.candidates,
        question.policy,
        moved_cost_s=question.policy.moved_cost_s,
        rounds=ROUNDS,
        stop=is_stopped,
    )


def _work(answers: Connection, question: Question) -> None:
    answers.send(here(question, answers.poll))
