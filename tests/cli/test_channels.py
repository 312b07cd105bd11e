"""Which channels a demo opens."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest
from rich.console import Console

from servicehub.cli import channels
from servicehub.cli.problems import Problem
from servicehub.settings import Settings, get_settings


@pytest.mark.parametrize(
    ("base_url", "opened"),
    [
        ("http://127.0.0.1:8000", ["wechat", "alipay", "stripe", "simulator"]),
        ("https://demo.example.com", ["simulator"]),
    ],
)
def test_simulated_platforms_are_for_browsers_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base_url: str, opened: list[str]
) -> None:
    monkeypatch.delenv("SERVICEHUB_PAYMENT_CHANNELS", raising=False)

    with channels.simulated(Settings(data_dir=tmp_path, base_url=base_url)) as settings:
        assert settings.payment_channels == opened

    assert get_settings().payment_channels == ["simulator"]


def test_simulated_platforms_do_not_start_in_production(tmp_path: Path) -> None:
    live = Settings.model_construct(env="production", data_dir=tmp_path)
    with pytest.raises(Problem, match="production"):
        channels.simulate(live, 0, Console())
    assert not (tmp_path / channels.FOLDER).exists()


def test_one_library_alone_is_called_alipay() -> None:
    """The platform's own package installs modules of the same name: the one installed last would be used, unseen."""
    owners = {dist.metadata["Name"] for dist in metadata.distributions() if _has_alipay(dist)}
    assert owners == {"python-alipay-sdk"}


def _has_alipay(dist: metadata.Distribution) -> bool:
    return any(file.parts[:1] == ("alipay",) for file in dist.files or ())
