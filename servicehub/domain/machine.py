"""A state machine as literal data, with the checks that prove it sound.

Owns the generic part only; each machine's table lives beside its noun (`domain.order`, `domain.payment`, …).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from servicehub.domain.access import Role
from servicehub.errors import NotAllowed, TransitionRefused

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Step(Generic[S, E]):
    """One row of a transition table.

    `by` names who may fire it; `guard` and `effect` say in words what the service checks and does in the same transaction.
    """

    source: S
    event: E
    target: S
    by: frozenset[Role]
    guard: str = ""
    effect: str = ""


@dataclass(frozen=True, slots=True)
class Machine(Generic[S, E]):
    """A transition table with its initial and final states and the timer that every live state has."""

    name: str
    initial: frozenset[S]
    final: frozenset[S]
    steps: tuple[Step[S, E], ...]
    timers: Mapping[S, E]
    revivals: frozenset[E] = frozenset()
    """The only events that may leave a final state."""

    def step(self, state: S, event: E) -> Step[S, E]:
        """The row for `(state, event)`.

        Raises: TransitionRefused when the table has none.
        """
        for step in self.steps:
            if step.source is state and step.event is event:
                return step
        raise TransitionRefused(f"{self.name}: {event} in {state}", state=state.value, event=event.value)

    def next(self, state: S, event: E, role: Role) -> S:
        """The state after `event` fired by `role`.

        Raises: TransitionRefused, NotAllowed.
        """
        step = self.step(state, event)
        if role not in step.by:
            raise NotAllowed(f"{self.name}: {event} by {role}")
        return step.target

    def events(self, state: S, role: Role) -> list[E]:
        """What `role` may fire from `state`, in the table's order; screens draw their buttons from this."""
        return [s.event for s in self.steps if s.source is state and role in s.by]

    def problems(self) -> list[str]:
        """Sentences about what is unsound; empty for a sound machine.

        Sound: no duplicate row, every state reachable, no exit from a final state, every live state has a timer that the
        platform itself may fire, and platform + operators alone can bring every order to an end.
        """
        states = {s.source for s in self.steps} | {s.target for s in self.steps} | set(self.initial)
        rows = [(s.source, s.event) for s in self.steps]
        found = [f"duplicate row {r}" for r in rows if rows.count(r) > 1]
        found += [f"unreachable {s}" for s in states - self._reach(self.initial, self.steps)]
        found += [
            f"exit from final {s.source}"
            for s in self.steps
            if s.source in self.final and s.target != s.source and s.event not in self.revivals
        ]
        staff = [s for s in self.steps if s.by & {Role.SYSTEM, Role.OPERATOR}]
        for state in states - self.final:
            if state not in self.timers:
                found.append(f"no timer in {state}")
            elif not any(
                s.source is state and s.event is self.timers[state] and Role.SYSTEM in s.by for s in self.steps
            ):
                found.append(f"the timer of {state} is no step of the platform")
            if not self._reach({state}, staff) & self.final:
                found.append(f"{state} cannot end without customer or technician")
        return found

    @staticmethod
    def _reach(start: Iterable[S], steps: Iterable[Step[S, E]]) -> set[S]:
        seen: set[S] = set()
        todo = list(start)
        steps = list(steps)
        while todo:
            state = todo.pop()
            if state not in seen:
                seen.add(state)
                todo += [s.target for s in steps if s.source is state]
        return seen
