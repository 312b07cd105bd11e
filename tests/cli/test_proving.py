"""`servicehub ledger verify`: says that the books are sound, and what is wrong with those that are not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from rich.console import Console

from servicehub.cli import proving
from servicehub.db import Database
from servicehub.services import ledger
from servicehub.settings import Settings
from tests.city import NOW


@pytest.fixture
def settings(sqlite_url: str, tmp_path: Path) -> Settings:
    database = Database(sqlite_url)
    lines = {ledger.cash("wechat"): 500, ledger.escrow(1): -500}
    database.write_now(ledger.post, "pay:1", "payment", "order:1", lines, now=NOW)
    database.close()
    return Settings(data_dir=tmp_path, database_url=sqlite_url)


def test_sound_books(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert proving.verify(settings, Console(width=200))
    assert "2 accounts, 1 entries, 2 postings: sound" in capsys.readouterr().out

    assert proving.verify(settings, Console(), as_json=True)
    assert json.loads(capsys.readouterr().out) == {"accounts": 2, "entries": 1, "postings": 2, "problems": []}


def test_a_balance_that_was_altered_is_named(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    engine = sa.create_engine(settings.database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER sh_account_balance"))  # as somebody with the file in his hands may
        connection.execute(sa.text("UPDATE sh_account SET balance_fen = 1 WHERE code = 'escrow:1'"))
    engine.dispose()

    assert not proving.verify(settings, Console(width=200))
    assert "escrow:1 shows 1, its postings say 500" in capsys.readouterr().out
