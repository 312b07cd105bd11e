"""Which channels a demo opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from servicehub.cli import channels
from servicehub.settings import Settings, get_settings


@pytest.mark.parametrize(
    ("base_url", "opened"),
    [("http://127.0.0.1:8000", ["wechat", "alipay", "simulator"]), ("https://demo.example.com", ["simulator"])],
)
def test_simulated_platforms_are_for_browsers_of_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base_url: str, opened: list[str]
) -> None:
    monkeypatch.delenv("SERVICEHUB_PAYMENT_CHANNELS", raising=False)

    with channels.simulated(Settings(data_dir=tmp_path, base_url=base_url)) as settings:
        assert settings.payment_channels == opened

    assert get_settings().payment_channels == ["simulator"]
