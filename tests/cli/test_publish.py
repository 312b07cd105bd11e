"""From an export to what is served."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import brotli
import pytest

from servicehub.cli import fingerprint, publish
from servicehub.settings import Settings

SHEET = "/assets/__reflex_global_styles-AB.css"
PAGE = (
    '<!DOCTYPE html><html lang="zh-CN"><head>'
    f'<link as="style" href="{SHEET}" rel="preload"/><script>start()</script>'
    f'<link href="{SHEET}" rel="stylesheet" type="text/css"/></head><body>页</body></html>'
)
ENV = "var e={PING:`http://localhost:8000/ping`,EVENT:`ws://localhost:8000/_event`};export{e as t};"


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """What Reflex leaves behind."""
    files = {
        "build/client/index.html": PAGE,
        "build/client/404.html": PAGE,
        "build/client/login.html": PAGE,
        "build/client/login/index.html": PAGE,
        "build/client/en/index.html": PAGE,
        "build/client/login/index.html.gz": "stale",
        f"build/client{SHEET}": "body{color:red}",
        "build/client/assets/reflex-env-CD.js": ENV,
        "build/client/assets/root-EF.js": "let a;" * 200,
        "backend/stateful_pages.json": "[]",
    }
    for name, text in files.items():
        path = tmp_path / ".web" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path / ".web"


@pytest.fixture
def published(web: Path, tmp_path: Path) -> Path:
    target = tmp_path / "data" / "frontend" / "f1"
    publish.publish(web, target, lambda _text: None)
    return target


def test_a_published_build_is_complete_and_leaves_nothing_half_made(published: Path) -> None:
    assert publish.is_complete(published)
    assert [path.name for path in published.parent.iterdir()] == ["f1"]
    assert (published / "backend" / "stateful_pages.json").read_text() == "[]"


def test_styles_are_in_the_page_and_not_fetched_again(published: Path) -> None:
    page = (published / "client/index.html").read_text("utf-8")
    assert "<style>body{color:red}</style>" in page
    assert f'<link as="style" href="{SHEET}" rel="preload" media="not all"/>' in page
    assert f'<link href="{SHEET}" rel="stylesheet" type="text/css" disabled=""/>' in page


def test_english_pages_say_so(published: Path) -> None:
    assert '<html lang="en"' in (published / "client/en/index.html").read_text("utf-8")
    assert '<html lang="zh-CN"' in (published / "client/index.html").read_text("utf-8")


def test_the_socket_goes_where_the_page_came_from(published: Path) -> None:
    script = (published / "client/assets/reflex-env-CD.js").read_text("utf-8")
    assert "localhost" not in script
    assert "PING:`${location.origin}/ping`" in script
    assert "EVENT:`${location.protocol===`https:`?`wss:`:`ws:`}//${location.host}/_event`" in script


def test_each_page_lists_its_scripts_and_twins_are_gone(published: Path) -> None:
    policies = json.loads((published / "csp.json").read_text("utf-8"))
    assert sorted(policies) == ["404.html", "en/index.html", "index.html", "login/index.html"]
    assert all(len(hashes) == 1 for hashes in policies.values())


def test_large_files_have_fresh_sidecars(published: Path) -> None:
    script = published / "client/assets/root-EF.js"
    assert brotli.decompress(script.with_name("root-EF.js.br").read_bytes()) == script.read_bytes()
    assert gzip.decompress(script.with_name("root-EF.js.gz").read_bytes()) == script.read_bytes()
    assert not (published / "client/login/index.html.gz").is_file()


def test_a_half_built_front_end_is_noticed_and_replaced(published: Path, web: Path) -> None:
    (published / "client/404.html").unlink()
    assert not publish.is_complete(published)
    (published / "complete.json").unlink()
    assert not publish.is_complete(published)
    publish.publish(web, published, lambda _text: None)
    assert publish.is_complete(published)


def test_a_publication_that_fails_leaves_the_old_one(published: Path, web: Path) -> None:
    def fail(text: str) -> None:
        if text == "Compressing":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        publish.publish(web, published, fail)
    assert publish.is_complete(published)
    assert [path.name for path in published.parent.iterdir()] == ["f1"]


def test_only_the_newest_builds_stay(published: Path, web: Path) -> None:
    for number in range(2, 7):
        publish.publish(web, published.parent / f"f{number}", lambda _text: None)
    names = sorted(path.name for path in published.parent.iterdir())
    assert names == ["f3", "f4", "f5", "f6"]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for name in ("servicehub/pages/home.py", "servicehub/services/orders.py", "assets/ui.css", "rxconfig.py"):
        path = tmp_path / "clone" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1")
    return tmp_path / "clone"


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("servicehub/pages/home.py", True),
        ("assets/ui.css", True),
        ("rxconfig.py", True),
        ("servicehub/services/orders.py", False),
        ("servicehub/pages/__pycache__/home.pyc", False),
        ("README.md", False),
    ],
)
def test_a_front_end_is_renewed_only_by_what_it_shows(sources: Path, name: str, changes: bool) -> None:
    before = fingerprint.of_sources(sources, Settings())
    path = sources / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("2")
    assert (fingerprint.of_sources(sources, Settings()) != before) is changes


def test_a_brand_has_a_front_end_of_its_own(sources: Path) -> None:
    one = fingerprint.of_sources(sources, Settings())
    assert fingerprint.of_sources(sources, Settings(brand_name="到家")) != one
    assert fingerprint.of_sources(sources, Settings(port=9)) == one
