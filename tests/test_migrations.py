"""The schema's history: it can be walked up and down on both databases, and ends where the models are."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from servicehub.db import migrations


def tables(url: str) -> set[str]:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    return {name for name in sa.inspect(engine).get_table_names() if name.startswith("sh_")}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    return request.getfixturevalue("new_postgres")()


def test_up_matches_the_models_and_down_leaves_nothing(
    empty_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    migrations.upgrade(empty_url)
    first = tables(empty_url)
    assert "sh_order" in first
    migrations.check(empty_url)
    assert migrations.current(empty_url) == migrations.head()

    migrations.downgrade(empty_url, "base")
    assert tables(empty_url) == set()
    assert migrations.current(empty_url) is None

    migrations.upgrade(empty_url)
    assert tables(empty_url) == first


def test_tables_of_other_software_are_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shared.db'}"
    migrations.upgrade(url)
    with sa.create_engine(url, poolclass=sa.NullPool).begin() as connection:
        connection.execute(sa.text("CREATE TABLE workflow_status (id TEXT)"))

    migrations.check(url)


def test_scripts_need_alembic_and_sqlalchemy_only() -> None:
    scripts = list((migrations.PROJECT_ROOT / "alembic" / "versions").glob("*.py"))

    assert scripts
    for script in scripts:
        assert "servicehub" not in script.read_text(), script.name
        assert "sqlmodel" not in script.read_text(), script.name
