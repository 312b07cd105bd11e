"""What can be wrong with a machine, and the sentence for it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import servicehub.cli as entry
from servicehub.cli import build as building
from servicehub.cli.problems import Problem, lock_data_folder, need_free_port, need_writable
from servicehub.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def command(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """`servicehub …` in a process of its own."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("SERVICEHUB_", "__REFLEX", "REFLEX_"))}
    return subprocess.run(
        [sys.executable, "-m", "servicehub.cli", *arguments],
        cwd=ROOT,
        env={**clean, "COLUMNS": "200", **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_an_old_python_is_told_which_one_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    with pytest.raises(SystemExit) as ended:
        entry.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("ServiceHub needs Python 3.11 or newer; this is 3.10.4.\n")


def test_the_entry_can_be_read_by_an_old_python() -> None:
    compile(Path(entry.__file__).read_text("utf-8"), "cli", "exec", flags=0, dont_inherit=True)
    assert "from __future__" not in Path(entry.__file__).read_text("utf-8")


def test_a_port_in_use_names_another(taken: int) -> None:
    with pytest.raises(Problem, match=rf"Port {taken} on 127\.0\.0\.1 is in use.*--port {taken + 1}"):
        need_free_port("127.0.0.1", taken)


def test_a_demo_on_a_port_in_use_ends_with_two_and_the_sentence(taken: int, tmp_path: Path) -> None:
    ended = command("demo", "--port", str(taken), "--data", str(tmp_path / "data"), "--no-open")
    assert ended.returncode == 2
    assert f"Port {taken} on 127.0.0.1 is in use." in ended.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("where", ["file/data", "/proc/servicehub"])
def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Problem, match=r"cannot be written .*--data FOLDER"):
        need_writable(tmp_path / where)


def test_a_second_process_on_the_same_folder_is_told_of_the_first(tmp_path: Path) -> None:
    with lock_data_folder(tmp_path):
        with pytest.raises(Problem, match=f"Another ServiceHub \\(process {os.getpid()}\\) is using"):
            lock_data_folder(tmp_path)
        ended = command("migrate", "--data", str(tmp_path))
        assert ended.returncode == 2
        assert "Another ServiceHub" in ended.stderr
    lock_data_folder(tmp_path).close()


def test_serving_with_unsafe_settings_is_refused_with_every_reason(tmp_path: Path) -> None:
    ended = command("serve", "--data", str(tmp_path / "data"))
    assert ended.returncode == 2
    for name in ("SERVICEHUB_SECRET", "SERVICEHUB_PAYMENT_CHANNELS", "SERVICEHUB_SMS_CHANNEL", "SERVICEHUB_BASE_URL"):
        assert name in ended.stderr


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    ended = command("migrate", "--data", str(tmp_path), SERVICEHUB_SECRET="short")
    assert ended.returncode == 2
    assert "SERVICEHUB_SECRET" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_migrate_makes_a_database_and_doctor_is_content_with_it(tmp_path: Path) -> None:
    assert command("doctor", "--data", str(tmp_path)).stdout.count("not made yet") == 1
    assert command("migrate", "--data", str(tmp_path)).returncode == 0
    looked = command("doctor", "--data", str(tmp_path))
    assert looked.returncode == 0
    assert "is migrated" in looked.stdout


def test_help_lists_every_command() -> None:
    shown = command("--help").stdout
    for name in ("demo", "serve", "migrate", "seed", "bench", "doctor", "build"):
        assert f" {name} " in shown


def test_an_unknown_measurement_lists_the_known_ones() -> None:
    ended = command("bench", "nothing")
    assert ended.returncode == 2
    assert "There is no measurement called nothing." in ended.stderr


def test_a_failed_build_shows_the_lines_that_say_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = tmp_path / "fake.py"
    fake.write_text(
        "print('Compiling: page 1')\nprint('vite: [error] cannot resolve ./ghost.js')\nraise SystemExit(1)\n"
    )
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nexec {sys.executable} {fake}\n")
    python.chmod(0o755)
    monkeypatch.setattr(building.sys, "executable", str(python))
    said: list[str] = []
    with pytest.raises(Problem) as refused:
        building._export(tmp_path, building.environment(Settings(data_dir=tmp_path)), said.append)
    assert str(refused.value).startswith("The front end could not be built. The whole log is in ")
    assert "Compiling: page 1" in (tmp_path / "build.log").read_text("utf-8")
    assert "vite: [error] cannot resolve ./ghost.js" in refused.value.details
    assert said == ["Compiling pages"]


def test_an_interrupted_build_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho Compiling\nsleep 600 &\necho $! $$ > pids\nwait\n")
    python.chmod(0o755)
    monkeypatch.setattr(building.sys, "executable", str(python))

    def interrupt(_text: str) -> None:
        while not (tmp_path / "pids").is_file() or not (tmp_path / "pids").read_text().strip():
            pass
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        building._export(tmp_path, building.environment(Settings()), interrupt)
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    until = time.monotonic() + 5  # all got the signal together; the kernel may bury the grandchild a moment later
    while any(is_alive(pid) for pid in pids) and time.monotonic() < until:
        os.sched_yield()
    assert [pid for pid in pids if is_alive(pid)] == []


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie, which only waits for its parent to notice, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
