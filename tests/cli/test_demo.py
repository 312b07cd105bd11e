"""What a demo prepares, and what it says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from servicehub import clock
from servicehub.cli import demo
from servicehub.db import Database
from servicehub.settings import Settings


@pytest.fixture(autouse=True)
def _real_clock() -> Any:
    yield
    clock.start_at(None)


@pytest.fixture
def seeding(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the seed was asked, in place of the seed: it fails while the list holds `fail`."""
    asked: list[str] = []

    def ensure(database: Database, *, now: datetime, scale: Any, progress: Any) -> bool:
        assert now.tzinfo is UTC
        assert scale is demo.seed.FULL
        progress("catalogue", 0.5)
        asked.append(str(database.url.database))
        if "fail" in asked:
            raise KeyboardInterrupt
        return True

    monkeypatch.setattr(demo.seed, "ensure_seeded", ensure)
    return asked


def test_an_interrupted_seeding_begins_again_from_an_empty_database(tmp_path: Path, seeding: list[str]) -> None:
    settings = Settings(env="demo", data_dir=tmp_path)
    console = Console(record=True, width=200)
    seeding.append("fail")
    with pytest.raises(KeyboardInterrupt):
        demo.prepare(settings, console)
    assert (tmp_path / "seeding").is_file()
    seeding.remove("fail")
    demo.prepare(settings, console)
    assert "The last seeding was interrupted: beginning again." in console.export_text()
    assert not (tmp_path / "seeding").exists()


def test_the_greeting_names_every_face_and_never_cuts_an_address() -> None:
    settings = Settings(env="demo", base_url="http://a-rather-long-name.example:8000", data_dir=Path("/data"))
    said = demo.welcome(settings, datetime(2026, 11, 24, 10, 0, tzinfo=UTC), 60)
    for path in ("/ ", "/technician/ ", "/operator/ ", "/en/"):
        assert f"http://a-rather-long-name.example:8000{path}" in said
    assert "moved forward to 2026-11-24 10:00" in said
    assert "19900000001" in said
    assert "servicehub-demo" in said
    assert "moved forward" not in demo.welcome(settings, None, 0)
