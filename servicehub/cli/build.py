"""Builds the front end when its sources changed, with the environment's own Bun and Node, and shows how far it is."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from servicehub.cli import fingerprint, publish
from servicehub.cli.problems import Problem, need_writable, project_root, waiting_turn
from servicehub.settings import Settings

STEPS: tuple[tuple[str, str], ...] = (
    ("Compiling", "Compiling pages"),
    ("install", "Fetching front-end packages"),
    ("building client environment", "Bundling"),
    ("modules transformed", "Bundling"),
    ("building ssr environment", "Rendering pages"),
    ("Prerender", "Rendering pages"),
)
"""Words in the build's output → what is said about it."""
_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CAUSE = re.compile(r"^(Debug: )?\s*(\[?\w*Error\b|error\b|Traceback|✗|\[vite)|\[error\]|failed to", re.IGNORECASE)
_HTML = re.compile(r"<script|</|rel=\"modulepreload|^Debug: (Using|Copying) ")
_SHOWN_LINES = 40


def environment(settings: Settings) -> dict[str, str]:
    """What every Reflex process of ours is started with: quiet, and with the environment's own tools first."""
    tools = Path(sys.executable).parent
    return {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}",
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
        "REFLEX_ENV_MODE": "prod",
        "SERVICEHUB_DATA_DIR": str(settings.data_dir.resolve()),
        "SERVICEHUB_ENV": settings.env,
        "SERVICEHUB_BUILD": "",
        "TERM": "dumb",
        "NO_COLOR": "1",
        "COLUMNS": "400",
    }


def missing_tools() -> list[str]:
    """Build tools that the environment lacks."""
    folder = str(Path(sys.executable).parent)
    return [tool for tool in ("bun", "node") if shutil.which(tool, path=folder) is None and shutil.which(tool) is None]


def published(settings: Settings) -> Path:
    """Where the front end of today's sources is, or will be."""
    return settings.data_dir.resolve() / "frontend" / fingerprint.of_sources(project_root(), settings)


def ensure(settings: Settings, console: Console, *, again: bool = False) -> Path:
    """The published front end of today's sources; built only if it is not complete (or `again`).

    Raises: Problem.
    """
    target = published(settings)
    if publish.is_complete(target) and not again:
        return target
    if lacking := missing_tools():
        raise Problem(
            f"The build tools {' and '.join(lacking)} are missing. "
            "Install them into this environment: pip install -c constraints.txt -e ."
        )
    root = project_root()
    need_writable(root / ".web", "The front end is built there; make the clone writable for this user.")
    with waiting_turn(
        root / ".building", lambda: console.print("Another build is running here: waiting for its end …")
    ):
        if publish.is_complete(target) and not again:  # it was this one
            return target
        _build(root, target, settings, console)
    return target


def _build(root: Path, target: Path, settings: Settings, console: Console) -> None:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("Preparing the front end", total=len(STEPS) + 3)

        def tick(text: str) -> None:
            progress.update(bar, description=text, advance=1)
            if not console.is_terminal:
                console.print(f"  {text} …")

        with _same_package_list(root / "reflex.lock" / "package.json"):
            _export(root, environment(settings), tick)
        publish.publish(root / ".web", target, tick)


@contextlib.contextmanager
def _same_package_list(path: Path) -> Iterator[None]:
    """Reflex writes the list of packages anew at each build, now in one line, now in many: keep ours if it says the same."""
    before = path.read_text("utf-8") if path.is_file() else ""
    yield
    if before and path.is_file() and json.loads(path.read_text("utf-8")) == json.loads(before):
        path.write_text(before, "utf-8")


def _export(root: Path, env: dict[str, str], tick: Callable[[str], None]) -> None:
    command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip", "--loglevel", "debug"]
    tail: list[str] = []
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        command,
        cwd=root,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            _follow(process, tail, tick)
        except BaseException:
            _end(process)
            raise
    client = root / ".web" / "build" / "client"
    if process.returncode != 0 or not (client / "404.html").is_file():
        log = Path(env["SERVICEHUB_DATA_DIR"]) / "build.log"
        log.write_text("\n".join(tail), "utf-8")
        raise Problem(f"The front end could not be built. The whole log is in {log}", _explanation(tail))


def _follow(process: subprocess.Popen[str], tail: list[str], tick: Callable[[str], None]) -> None:
    said: set[str] = set()
    for line in process.stdout or ():
        text = _ANSI.sub("", line).rstrip()
        tail.append(text)
        for word, step in STEPS:
            if word in text and step not in said:
                said.add(step)
                tick(step)


def _end(process: subprocess.Popen[str]) -> None:
    """Stop the build and everything that it started."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(5)
    except ProcessLookupError:
        return
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def _explanation(tail: list[str]) -> str:
    """The part of the output that says why: lines around the first error, without the page's own HTML."""
    lines = [line.removeprefix("Debug: ")[:300] for line in tail if not _HTML.search(line)]
    lines = [line for line in lines if line.strip() and line.strip() != "Debug:"]
    page = next((i for i, line in enumerate(lines) if line.startswith("<!DOCTYPE")), len(lines))
    lines = lines[:page]
    first = next((i for i, line in enumerate(lines) if _CAUSE.search(line)), len(lines) - _SHOWN_LINES)
    return "\n".join(lines[max(0, first - 5) :][:_SHOWN_LINES])
