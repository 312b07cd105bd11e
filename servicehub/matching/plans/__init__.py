"""Day plans: who makes which visits in which order. Arrays in, routes out; compiled when first used.

`Problem` is the question, `solve` searches, `Plan` is the answer. Nothing else of the matching imports this package: the
compiler is loaded by those who plan.
"""

from servicehub.matching.plans.model import Plan, Problem
from servicehub.matching.plans.solve import solve

__all__ = ["Plan", "Problem", "solve"]
