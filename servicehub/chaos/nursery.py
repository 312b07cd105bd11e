"""Imported once, by the process that every life is forked from: what a start costs otherwise is paid here."""

from servicehub import matching
from servicehub.chaos import shop as shop  # noqa: PLC0414 - imported for what it imports

matching.warm_up()
