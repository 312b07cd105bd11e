"""The command line. Here only the entry, which an old Python can still read; the commands are in `cli.app`."""

import sys

OLDEST = (3, 11)


def main() -> None:
    """Entry of the `servicehub` command."""
    if sys.version_info < OLDEST:
        have = ".".join(str(part) for part in sys.version_info[:3])
        sys.stderr.write(
            f"ServiceHub needs Python 3.11 or newer; this is {have}.\n"
            "Make the environment with a newer one: python3.11 -m venv .venv && .venv/bin/pip install -c constraints.txt -e .\n"
        )
        raise SystemExit(2)
    from servicehub.cli.app import run  # noqa: PLC0415 - an old Python could not even parse what this imports

    run()
