"""The picture of the house, held by import-linter: contracts are in `pyproject.toml`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from servicehub.db.migrations import PROJECT_ROOT


def test_imports_only_point_down() -> None:
    """In a process of its own: the linter switches off every logger that exists, which later tests listen to."""
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([linter, "--no-cache"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout
