"""Real processes: a worker that is killed in the middle of its jobs loses none of them; told to stop, it stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from servicehub import outbox
from servicehub.db import Database
from servicehub.jobs.engine import DbosEngine

SCRIPT = """
import os, pathlib, sys, time
from servicehub.jobs import registry, runtime, worker
from servicehub.settings import Settings
runtime.DEAD_AFTER /= 15
runtime.HEARTBEAT_S = 0.5
out = pathlib.Path(sys.argv[2])

@registry.handler("slow")
def slow(database, payload):
    with out.open("a") as file:
        file.write(f"began {payload['n']}\\n")
    time.sleep(float(sys.argv[3]))
    with out.open("a") as file:
        file.write(f"done {payload['n']}\\n")

worker.work(Settings(database_url=sys.argv[1], role="worker"), lambda name: print("ready", flush=True))
"""


def start(url: str, out: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", SCRIPT, url, str(out), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": "."})
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def wait_for(out: Path, word: str, count: int, process: subprocess.Popen[str]) -> None:
    for _ in range(400):
        text = out.read_text() if out.exists() else ""
        if len({line for line in text.splitlines() if line.startswith(word)}) >= count:
            return
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.05)
    raise AssertionError(text)


def test_jobs_survive_kill_9_and_a_worker_stops_when_told(postgres_url: str, tmp_path: Path) -> None:
    out, database = tmp_path / "out", Database(postgres_url)
    web = DbosEngine(database, executor_id="web", runs_jobs=False)
    web.start()
    outbox.set_engine(web)
    for n in range(8):
        database.write_now(outbox.defer, "slow", {"n": n}, key=str(n))

    first = start(postgres_url, out, 60)
    wait_for(out, "began", 8, first)
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    assert "done" not in out.read_text()

    second = start(postgres_url, out, 0)
    wait_for(out, "done", 8, second)
    second.send_signal(signal.SIGTERM)
    assert second.wait(5) == 0

    done = Counter(line for line in out.read_text().splitlines() if line.startswith("done"))
    assert done == Counter({f"done {n}": 1 for n in range(8)})
    for process in (first, second):
        assert process.stdout is not None
        process.stdout.close()
    web.stop()
    database.close()
