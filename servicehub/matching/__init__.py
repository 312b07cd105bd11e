"""The matching: who can do a job, who should, and why. Values in, ranked and explained candidates out.

Knows no table, no session and no screen. `RULES` are the hard rules, `OBJECTIVE` the terms of the score in seconds.
"""

from servicehub.matching.acceptance import Acceptance
from servicehub.matching.crew import Crew
from servicehub.matching.engine import Assessment, Ranking, assess, choose, choose_start, rank, warm_up
from servicehub.matching.objective import OBJECTIVE, TERM_BY_NAME
from servicehub.matching.rules import RULE_BY_NAME, RULES, Rule, rule_sentence
from servicehub.matching.values import DEFAULT_POLICY, DEFAULT_WEIGHTS, Candidate, Job, Policy

__all__ = [
    "DEFAULT_POLICY",
    "DEFAULT_WEIGHTS",
    "OBJECTIVE",
    "RULES",
    "RULE_BY_NAME",
    "TERM_BY_NAME",
    "Acceptance",
    "Assessment",
    "Candidate",
    "Crew",
    "Job",
    "Policy",
    "Ranking",
    "Rule",
    "assess",
    "choose",
    "choose_start",
    "rank",
    "rule_sentence",
    "warm_up",
]
