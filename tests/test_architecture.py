"""The picture of the house, held by import-linter: contracts are in `pyproject.toml`."""

from __future__ import annotations

from importlinter.cli import lint_imports

from servicehub.db.migrations import PROJECT_ROOT


def test_imports_only_point_down(capsys: object) -> None:
    assert lint_imports(config_filename=str(PROJECT_ROOT / "pyproject.toml"), no_cache=True) == 0
