"""House rules that no linter knows. A line that must break one says so: `# allow: rule - reason`."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from servicehub.db.migrations import PROJECT_ROOT

PACKAGE = PROJECT_ROOT / "servicehub"
MONEY = re.compile(r"(money|pricing|settlement|cancellation|coupon|payment|ledger|refund|earning|payout|invoice)")
STATUS_WRITERS = ("services/transitions.py",)
"""Besides a module's own aggregate; see `test_a_status_has_one_writer`."""
MODULE_LINES, FUNCTION_LINES = 400, 60


@cache
def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse("\n".join(lines(path)))


def modules(*folders: str) -> list[Path]:
    roots = [PACKAGE / folder for folder in folders] or [PACKAGE]
    found = [path for root in roots for path in ([root] if root.is_file() else root.rglob("*.py"))]
    return sorted(path for path in found if "__pycache__" not in path.parts)


def offences(paths: list[Path], rule: str, wrong: Callable[[ast.AST], bool]) -> list[str]:
    """Places whose node is wrong and whose line does not allow it with a reason."""
    allowed = re.compile(rf"# allow: {rule} - \w+")
    return [
        f"{path.relative_to(PROJECT_ROOT)}:{node.lineno}"
        for path in paths
        for node in ast.walk(tree(path))
        if wrong(node) and not allowed.search(lines(path)[node.lineno - 1])
    ]


def calls(node: ast.AST, *names: str) -> bool:
    """Whether the node calls a method or function of one of these names (`a.b` matches both parts)."""
    if not isinstance(node, ast.Call):
        return False
    dotted = ast.unparse(node.func)
    return any(dotted == name or dotted.endswith(f".{name}") for name in names)


def test_nobody_but_the_database_commits() -> None:
    outside = [path for path in modules() if "db" not in path.relative_to(PACKAGE).parts[:1]]

    assert offences(outside, "commit", lambda node: calls(node, "commit", "rollback")) == []


def test_nobody_but_the_clock_reads_the_clock() -> None:
    outside = [path for path in modules() if path != PACKAGE / "clock.py"]
    readings = (
        "datetime.now",
        "datetime.utcnow",
        "date.today",
        "datetime.today",
        "time.time",
        "time.time_ns",
        "time.localtime",
    )

    assert offences(outside, "clock", lambda node: calls(node, *readings)) == []


def test_below_the_edges_now_is_an_argument() -> None:
    inner = modules("domain", "matching", "models", "services", "queries")

    assert offences(inner, "clock", lambda node: calls(node, "clock.now", "clock.machine_now")) == []


def test_modules_are_short() -> None:
    long = {str(path.relative_to(PROJECT_ROOT)): len(lines(path)) for path in modules()}

    assert {name: count for name, count in long.items() if count > MODULE_LINES} == {}


def test_functions_are_short() -> None:
    def too_long(node: ast.AST) -> bool:
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        return is_function and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES

    assert offences(modules(), "long", too_long) == []


def test_every_module_says_what_it_owns() -> None:
    silent = [path for path in modules() if lines(path) and ast.get_docstring(tree(path)) is None]

    assert [str(path.relative_to(PROJECT_ROOT)) for path in silent] == []


def test_nothing_is_called_utils() -> None:
    banned = {"utils", "util", "helpers", "misc", "common", "manager"}

    assert [path.name for path in modules() if path.stem in banned] == []


def state_methods(path: Path) -> Iterator[tuple[ast.ClassDef, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef) and any("State" in ast.unparse(base) for base in node.bases):
            for item in node.body:
                if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield node, item


def test_public_methods_of_states_say_what_they_are() -> None:
    """Every public method of a State can be called by any browser: it is an event or a computed var, declared as such."""
    bare = [
        f"{path.relative_to(PROJECT_ROOT)}:{method.lineno} {owner.name}.{method.name}"
        for path in modules("state")
        for owner, method in state_methods(path)
        if not method.name.startswith("_") and not method.decorator_list
    ]

    assert bare == []


def assigns_status(node: ast.AST) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    is_assignment = isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)
    return is_assignment and any(isinstance(t, ast.Attribute) and t.attr == "status" for t in targets)


def test_a_status_has_one_writer() -> None:
    """An order's status is written by `services/transitions` alone; other aggregates by the one service of their name."""
    edges = modules("state", "pages", "components", "api", "jobs", "workflows", "queries", "demo", "bench")
    assert offences(edges, "status", assigns_status) == []

    def writes_an_order(node: ast.AST) -> bool:
        targets = node.targets if isinstance(node, ast.Assign) else []
        return any(ast.unparse(target) == "order.status" for target in targets)

    services = [path for path in modules("services") if str(path.relative_to(PACKAGE)) not in STATUS_WRITERS]
    assert offences(services, "status", writes_an_order) == []


def test_money_is_never_a_float() -> None:
    money = [path for path in modules("domain", "services", "models", "workflows") if MONEY.search(path.stem)]

    def is_float(node: ast.AST) -> bool:
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        division = isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div)
        return literal or division or calls(node, "float", "round")

    assert money
    assert offences(money, "float", is_float) == []


def test_no_script_is_sent_to_the_browser_as_text() -> None:
    assert offences(modules(), "script", lambda node: calls(node, "call_script", "run_script", "call_function")) == []


def test_a_rule_is_broken_only_with_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(globals(), "PROJECT_ROOT", tmp_path)
    module = tmp_path / "module.py"
    module.write_text(
        "s.commit()\ns.commit()  # allow: commit\ns.commit()  # allow: commit - the tool's own database\n"
    )

    assert offences([module], "commit", lambda node: calls(node, "commit")) == ["module.py:1", "module.py:2"]
