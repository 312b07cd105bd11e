"""The commands. Each prepares settings, calls one module and says in a sentence what went wrong."""

from __future__ import annotations

import contextlib
import inspect
import json
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console

from servicehub import db
from servicehub.cli import build as building
from servicehub.cli import doctor as doctors
from servicehub.cli.problems import Problem, lock_data_folder, need_free_port, need_writable
from servicehub.db import migrations
from servicehub.settings import Settings, get_settings

console = Console()
problems = Console(stderr=True)
app = typer.Typer(
    name="servicehub",
    help="ServiceHub: the open platform for home services.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Port = Annotated[int | None, typer.Option(help="Port to serve on.", min=1, max=65535)]
Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Data = Annotated[Path | None, typer.Option(help="Folder of the database, pictures and built pages.")]
Small = Annotated[bool, typer.Option("--small", hidden=True, help="A smaller city, for tests.")]


def run() -> None:
    """Run a command; a `Problem` ends with its sentence and exit code 2."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        app()
    except Problem as problem:
        problems.print(f"[bold red]{problem}[/]", highlight=False, soft_wrap=True)
        if problem.details:
            problems.print(problem.details, markup=False, highlight=False)
        raise SystemExit(2) from problem
    except ValidationError as error:
        for item in error.errors():
            name = "SERVICEHUB_" + "__".join(str(part) for part in item["loc"]).upper()
            problems.print(f"[bold red]{name}: {item['msg']}[/]", highlight=False, soft_wrap=True)
        raise SystemExit(2) from error
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _terminate(_signal: int, _frame: object) -> None:
    """Leave through every `finally`, so that a build in progress ends too."""
    raise SystemExit(143)


def _configure(
    *, env: str = "", host: str | None = None, port: int | None = None, data: Path | None = None
) -> Settings:
    """Settings with the command's options on top, for this process and what it starts."""
    if env:
        os.environ["SERVICEHUB_ENV"] = env
    for name, value in (("HOST", host), ("PORT", port), ("DATA_DIR", data.expanduser().resolve() if data else None)):
        if value is not None:
            os.environ[f"SERVICEHUB_{name}"] = str(value)
    if "SERVICEHUB_BASE_URL" not in os.environ:
        chosen = Settings()
        shown = "127.0.0.1" if chosen.host in ("0.0.0.0", "::") else chosen.host  # noqa: S104 - compared, not bound
        os.environ["SERVICEHUB_BASE_URL"] = f"http://{shown}:{chosen.port}"
    os.environ["SERVICEHUB_DATA_DIR"] = str(Settings().data_dir.expanduser().resolve())
    package = Path(db.__file__).parents[1]
    if not os.access(package, os.W_OK):  # compiled code is kept beside the package, if that can be written
        os.environ.setdefault("NUMBA_CACHE_DIR", os.environ["SERVICEHUB_DATA_DIR"] + "/compiled")
    get_settings.cache_clear()
    return get_settings()


@contextlib.contextmanager
def _alone(settings: Settings) -> Any:
    """Hold the data folder; on PostgreSQL several processes may share it."""
    need_writable(settings.data_dir)
    if not settings.is_sqlite:
        yield
        return
    with lock_data_folder(settings.data_dir):
        yield


DEMO_DEPART_EARLY = 14 * 24 * 60
"""In a demo nobody waits for the day of the visit: simulated technicians may set out for a visitor at once."""


@app.command()
def demo(
    host: Host = None,
    port: Port = None,
    data: Data = None,
    speed: Annotated[
        float, typer.Option(help="How many times faster than real rides and visits pass; 0: nobody acts.", min=0)
    ] = 60,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open a browser.")] = False,
    small: Small = False,
) -> None:
    """A living city in one command: database, seed, pages, simulated customers and technicians, all on one port."""
    os.environ.setdefault("SERVICEHUB_DEPART_EARLY_MINUTES", str(DEMO_DEPART_EARLY))
    settings = _configure(env="demo", host=host, port=port, data=data)
    os.environ["SERVICEHUB_DEMO_SPEED"] = f"{speed:g}" if speed else ""
    need_free_port(settings.host, settings.port)
    from servicehub.cli import channels, serving  # noqa: PLC0415
    from servicehub.cli import demo as demos  # noqa: PLC0415 - the demo's people are not loaded for other commands

    with _alone(settings), channels.simulated(settings) as settings:
        serving.set_up_logging(settings.data_dir)
        moved = demos.prepare(settings, console, small=small)
        front_end = building.ensure(settings, console)
        application = serving.load_application(front_end)

        def ready() -> None:
            console.print(demos.welcome(settings, moved, speed), soft_wrap=True, highlight=False, markup=False)
            if not no_open:
                serving.open_browser(settings.base_url, console)

        serving.serve(application, settings, ready)


@app.command()
def serve(host: Host = None, port: Port = None, data: Data = None) -> None:
    """Serve for real: no demo data, and not with unsafe settings."""
    from servicehub.cli import serving  # noqa: PLC0415

    settings = _configure(env=os.environ.get("SERVICEHUB_ENV", "production"), host=host, port=port, data=data)
    if unsafe := settings.unsafe():
        raise Problem("These settings must not serve the public:", "\n".join(f"  {line}" for line in unsafe))
    need_free_port(settings.host, settings.port)
    with _alone(settings):
        if migrations.current(settings.sqlalchemy_url) != migrations.head():
            raise Problem("The database is not up to date: run servicehub migrate first.")
        serving.set_up_logging(settings.data_dir)
        application = serving.load_application(building.ensure(settings, console))
        serving.serve(application, settings, lambda: console.print(f"Serving {settings.base_url}"))


@app.command()
def build(
    data: Data = None, again: Annotated[bool, typer.Option("--again", help="Build even if nothing changed.")] = False
) -> None:
    """Build the pages ahead of the first start."""
    settings = _configure(data=data)
    need_writable(settings.data_dir)
    console.print(f"Front end: {building.ensure(settings, console, again=again)}", soft_wrap=True)


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the database to the newest schema."""
    settings = _configure(data=data)
    with _alone(settings):
        before = migrations.current(settings.sqlalchemy_url) if _exists(settings) else None
        migrations.upgrade(settings.sqlalchemy_url)
        console.print(f"Database: {before or 'new'} → {migrations.current(settings.sqlalchemy_url)}")


def _exists(settings: Settings) -> bool:
    return not settings.is_sqlite or Path(settings.sqlalchemy_url.removeprefix("sqlite:///")).is_file()


@app.command()
def worker() -> None:
    """Run background work only, beside web processes on the same PostgreSQL."""
    from servicehub.cli import scaling  # noqa: PLC0415

    settings = _configure(env=os.environ.get("SERVICEHUB_ENV", "production"))
    if unsafe := settings.unsafe():
        raise Problem("These settings must not serve the public:", "\n".join(f"  {line}" for line in unsafe))
    scaling.work(settings, console)


@app.command()
def move(to: Annotated[str, typer.Argument(help="URL of an empty PostgreSQL database.")], data: Data = None) -> None:
    """Move a stopped installation from SQLite to PostgreSQL: copy every row, compare counts and sums."""
    from servicehub.cli import scaling  # noqa: PLC0415

    settings = _configure(data=data)
    with _alone(settings):
        scaling.move(settings, to, console)


@app.command()
def seed(data: Data = None, small: Small = False) -> None:
    """Fill an empty database with the demo city. Refused in production."""
    from servicehub.cli import demo as demos  # noqa: PLC0415

    settings = _configure(env=os.environ.get("SERVICEHUB_ENV", "demo"), data=data)
    if settings.env == "production":
        raise Problem("The demo city does not belong into production: unset SERVICEHUB_ENV=production.")
    with _alone(settings):
        demos.prepare(settings, console, small=small)
        console.print("The city is open.")


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="Which measurement; an unknown name lists them.")],
    as_json: Annotated[bool, typer.Option("--json", help="End with one line of JSON and nothing after it.")] = False,
    database: Annotated[str, typer.Option(help="URL of a scratch PostgreSQL database; SQLite without.")] = "",
    data: Annotated[str, typer.Option(help="Folder of published instances (dispatch).")] = "",
    seconds: Annotated[float, typer.Option(help="CPU seconds for each instance (dispatch).", min=0)] = 0.0,
    only: Annotated[str, typer.Option(help="Only instances whose name contains this (dispatch).")] = "",
    peers: Annotated[bool, typer.Option("--peers", help="Public solvers in the same run (dispatch).")] = False,
    technicians: Annotated[int, typer.Option(help="How many (city, batch, rounds).", min=0)] = 0,
    orders: Annotated[int, typer.Option(help="How many (city, batch, rounds, chaos).", min=0)] = 0,
    seed: Annotated[int, typer.Option(help="Which city is drawn (city), what chance does (chaos).", min=0)] = 0,
    seeds: Annotated[int, typer.Option(help="How many cities are drawn (optimum).", min=0)] = 0,
) -> None:
    """Measure this machine: each module of `servicehub.bench` with a `measure`."""
    from servicehub.cli import serving  # noqa: PLC0415

    measure = _measurement(name)
    serving.spare_what_stays()  # as a server does
    given = {"url": database, "data": data, "seconds": seconds, "only": only, "with_peers": peers,
             "technicians": technicians, "orders": orders, "seed": seed, "seeds": seeds}  # fmt: skip
    known = inspect.signature(measure).parameters
    if unknown := [option for option, value in given.items() if value and option not in known]:
        raise Problem(f"The measurement {name} takes no {', '.join(unknown)}.")
    wanted = {option: value for option, value in given.items() if value}
    if "told" in known:
        wanted["told"] = lambda row: problems.print(_in_a_line(row), highlight=False, soft_wrap=True)
    try:
        results: dict[str, Any] = measure(**wanted)
    except ValueError as error:
        raise Problem(f"{error}.") from error
    if as_json:
        sys.stdout.write(json.dumps(results) + "\n")
        sys.stdout.flush()
        return
    for key, value in results.items():
        console.print(f"{key:>20}  {value}", highlight=False)


def _in_a_line(row: dict[str, Any]) -> str:
    return "  ".join(f"{key} {value}" for key, value in row.items() if value not in ([], {}, None))


def _measurement(name: str) -> Callable[..., dict[str, Any]]:
    folder = Path(db.__file__).parents[1] / "bench"
    files = [path for path in sorted(folder.glob("*.py")) if "\ndef measure(" in path.read_text("utf-8")]
    known = {path.stem: f"servicehub.bench.{path.stem}" for path in files} | {"chaos": "servicehub.chaos.storm"}
    if name not in known:
        raise Problem(f"There is no measurement called {name}. There are: {', '.join(sorted(known))}.")
    measure: Callable[..., dict[str, Any]] = import_module(known[name]).measure
    return measure


@app.command()
def simulate(
    policies: Annotated[str, typer.Option(help="nearest, insertion, engine, fair; the first is compared with.")] = (
        "insertion,nearest,engine,fair"
    ),
    technicians: Annotated[int, typer.Option(min=1)] = 200,
    orders: Annotated[int, typer.Option(min=1)] = 1000,
    seeds: Annotated[int, typer.Option(help="Days, each drawn from its number.", min=1)] = 10,
    html: Annotated[Path | None, typer.Option(help="File for the pictures of the comparison.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one line of JSON and nothing after it.")] = False,
) -> None:
    """Play days of a drawn city through the matching and compare dispatch policies."""
    from servicehub.cli import simulating  # noqa: PLC0415

    simulating.simulate(
        policies,
        technicians=technicians,
        orders=orders,
        seeds=seeds,
        as_json=as_json,
        html=html,
        console=console,
        progress=problems,
    )


books = typer.Typer(help="The books.", no_args_is_help=True)
app.add_typer(books, name="ledger")


@books.callback()
def _books() -> None:
    """The books."""


@books.command()
def verify(
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="End with one line of JSON and nothing after it.")] = False,
) -> None:
    """Prove the books: every entry balances and is sealed, every kept balance is the sum of its postings. Exit code 2 if not."""
    from servicehub.cli import proving  # noqa: PLC0415

    settings = _configure(data=data)
    if not _exists(settings):
        raise Problem("There is no database yet: run servicehub migrate first.")
    if not proving.verify(settings, console, as_json=as_json):
        raise SystemExit(2)


@app.command("gateway-sim")
def gateway_sim(
    port: Annotated[int, typer.Option(help="Port to listen on, on this machine only.", min=1, max=65535)] = 8099,
    data: Data = None,
) -> None:
    """Simulated payment platforms that speak the wire formats of WeChat Pay, Alipay and Stripe. Refused in production."""
    from servicehub.cli import channels  # noqa: PLC0415

    settings = _configure(env=os.environ.get("SERVICEHUB_ENV", "development"), data=data)
    need_writable(settings.data_dir)
    need_free_port("127.0.0.1", port)
    channels.simulate(settings, port, console)


@app.command()
def doctor(data: Data = None, port: Port = None) -> None:
    """Check the installation and say what to mend."""
    settings = _configure(data=data, port=port)
    if not doctors.report(doctors.examine(settings), console):
        raise SystemExit(2)
