"""Words: every message has a Chinese entry, no entry is idle, no page hides a sentence; values are written right."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from servicehub import texts
from servicehub.texts import LOCALE, _, formats, localized_path, n_, path_locale, pick, say, use_locale

PACKAGE = Path(texts.__file__).resolve().parent.parent
HAN = re.compile(r"[\u3400-\u9fff]")
FIELD = re.compile(r"\{(\w+)[^}]*\}")
LANGUAGE_NAMES = {"中文"}
"""Languages are named in their own script on the switch."""
NOW = datetime(2026, 11, 22, 6, 38, tzinfo=UTC)


def _entries() -> dict[str, list[tuple[str, str]]]:
    """msgid -> (domain, translation) of every catalogue."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path in sorted(texts.CATALOGUES.glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file):
                if message.id:
                    found[str(message.id)].append((path.stem, str(message.string)))
    return found


def _message_nodes(call: ast.Call) -> list[ast.expr]:
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    if name in {"_", "N_"}:
        return call.args[:1]
    if name == "say":
        return call.args[1:2]
    return call.args[1:2] if name == "n_" else []


def _literals(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return _literals(node.body) + _literals(node.orelse)
    return []


def _used() -> dict[str, str]:
    """msgid -> the first place in the code that speaks it."""
    used: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                for literal in (text for arg in _message_nodes(node) for text in _literals(arg)):
                    used.setdefault(literal, f"{path.relative_to(PACKAGE)}:{node.lineno}")
    return used


def test_every_message_has_a_chinese_entry() -> None:
    known = {msgid for msgid, found in _entries().items() if all(text for _domain, text in found)}
    missing = [f"{where} {msgid!r}" for msgid, where in _used().items() if msgid not in known]
    assert missing == []


def test_no_entry_is_idle() -> None:
    used = _used()
    assert [f"{found[0][0]} {msgid!r}" for msgid, found in _entries().items() if msgid not in used] == []


def test_domains_do_not_disagree() -> None:
    assert {m: found for m, found in _entries().items() if len({text for _domain, text in found}) > 1} == {}


def test_translations_keep_the_fields_of_their_message() -> None:
    wrong = [
        (msgid, text)
        for msgid, found in _entries().items()
        for _domain, text in found
        if not set(FIELD.findall(text)) <= set(FIELD.findall(msgid))
    ]
    assert wrong == []


def _spoken(tree: ast.Module) -> Iterator[ast.Constant]:
    """String literals of the code, without docstrings."""
    told = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node


def test_no_screen_hides_a_chinese_sentence() -> None:
    paths = [path for folder in ("pages", "components", "state") for path in sorted((PACKAGE / folder).rglob("*.py"))]
    hidden = [
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.value!r}"
        for path in paths
        for node in _spoken(ast.parse(path.read_text("utf-8")))
        if HAN.search(str(node.value)) and node.value not in LANGUAGE_NAMES
    ]
    assert hidden == []


def test_messages_follow_the_running_locale() -> None:
    assert LOCALE.get() == "zh"
    with use_locale("en"):
        assert _("Home") == "Home"
        assert n_("{n} order", "{n} orders", 1) == "1 order"
        assert n_("{n} order", "{n} orders", 2) == "2 orders"
    assert _("Home") == "首页"
    assert say("en", "Home") == "Home"


def test_a_message_without_an_entry_is_said_in_english() -> None:
    assert say("zh", "No such {thing}", thing="sentence") == "No such sentence"


def test_paths_carry_their_language() -> None:
    assert localized_path("/orders/?tab=1", "en") == "/en/orders/?tab=1"
    assert localized_path("/en/orders/", "zh") == "/orders/"
    assert localized_path("/en", "zh") == "/"
    assert localized_path("/", "en") == "/en/"
    assert localized_path("/entry", "en") == "/en/entry"
    assert localized_path("/api/login", "en") == "/api/login"
    assert localized_path("tel:110", "en") == "tel:110"
    assert [path_locale(p) for p in ("/en", "/en/x", "/entry", "/")] == ["en", "en", "zh", "zh"]


def test_data_fields_fall_back_to_chinese() -> None:
    assert [pick("en", "静安", "Jing'an"), pick("en", "静安", ""), pick("zh", "静安", "Jing'an")] == [
        "Jing'an",
        "静安",
        "静安",
    ]


@pytest.mark.parametrize(
    ("fen", "plain", "table"),
    [
        (12800, "¥128", "¥128.00"),
        (1260, "¥12.6", "¥12.60"),
        (-3000, "−¥30", "−¥30.00"),
        (12864005, "¥128,640.05", "¥128,640.05"),
    ],
)
def test_money_is_written_in_yuan(fen: int, plain: str, table: str) -> None:
    assert (formats.yuan(fen), formats.yuan(fen, always_decimals=True)) == (plain, table)


def test_days_and_times_are_written_in_the_city_zone() -> None:
    visit = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
    later = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)
    end = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
    assert formats.day_time(visit, NOW, locale="zh") == "明天 14:00"
    assert formats.day_time(later, NOW, locale="zh") == "11月25日 周三 14:00"
    assert formats.day_time(later, NOW, locale="en") == "Wed 25 Nov, 14:00"
    assert formats.span(later, end, NOW, locale="zh") == "11月25日 周三 14:00–17:00"
    assert formats.day(date(2027, 1, 3), date(2026, 11, 22), locale="zh") == "2027年1月3日"
    assert formats.day(date(2027, 1, 3), date(2026, 11, 22), locale="en") == "3 Jan 2027"
    assert formats.day_time(datetime(2026, 11, 22, 17, 0, tzinfo=UTC), NOW, locale="zh") == "明天 01:00"


def test_ages_are_relative_for_a_week() -> None:
    ages = [
        datetime(2026, 11, 22, 6, 37, 30, tzinfo=UTC),
        datetime(2026, 11, 22, 6, 33, tzinfo=UTC),
        datetime(2026, 11, 20, 6, 0, tzinfo=UTC),
    ]
    assert [formats.relative(at, NOW, locale="zh") for at in ages] == ["刚刚", "5 分钟前", "2 天前"]
    assert [formats.relative(at, NOW, locale="en") for at in ages] == ["just now", "5 min ago", "2 d ago"]
    assert formats.relative(datetime(2026, 11, 10, 6, 0, tzinfo=UTC), NOW, locale="zh") == "11月10日 周二 14:00"


def test_quantities_are_written_short() -> None:
    assert [formats.duration(m, locale="zh") for m in (40, 180, 90)] == ["40 分钟", "3 小时", "1 小时 30 分钟"]
    assert [formats.duration(m, locale="en") for m in (40, 180, 90)] == ["40 min", "3 h", "1 h 30 min"]
    assert [formats.distance(m) for m in (850, 1240, 1000)] == ["850m", "1.2km", "1.0km"]
    assert [formats.big_count(n, locale="zh") for n in (8600, 10000, 32400)] == ["8,600", "1万", "3.2万"]
    assert [formats.big_count(n, locale="en") for n in (860, 8600, 32000)] == ["860", "8.6K", "32K"]
    assert [formats.timer(s) for s in (5, 899, 3725)] == ["00:05", "14:59", "1:02:05"]
    assert [formats.delta(1240), formats.delta(-130, points=True)] == ["▲12.4%", "▼1.3pt"]


def test_people_are_masked() -> None:
    assert [formats.mask_phone("19900006021"), formats.mask_name("陈静"), formats.order_tail("26112214380417")] == [
        "199****6021",
        "陈**",
        "0417",
    ]
