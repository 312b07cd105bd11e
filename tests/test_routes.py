"""Addresses that a browser may be sent to."""

from __future__ import annotations

import pytest

from servicehub.routes import Face, face_of, login_path, same_site


@pytest.mark.parametrize(
    ("path", "face"),
    [
        ("/", Face.CUSTOMER),
        ("/en", Face.CUSTOMER),
        ("/en/orders/1", Face.CUSTOMER),
        ("/technicians/", Face.CUSTOMER),
        ("/technician/", Face.TECHNICIAN),
        ("/en/technician/job/3", Face.TECHNICIAN),
        ("/operator", Face.OPERATOR),
        ("", Face.CUSTOMER),
    ],
)
def test_each_address_belongs_to_one_face(path: str, face: Face) -> None:
    assert face_of(path) == face


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x",
        "",
        "a",
    ],
)
def test_an_address_of_another_site_is_replaced(path: str) -> None:
    assert same_site(path, "/home") == "/home"


def test_an_address_of_this_site_is_kept() -> None:
    assert same_site("/orders/?tab=all#x", "/home") == "/orders/?tab=all#x"


def test_the_log_in_page_remembers_where_to_return() -> None:
    assert login_path(Face.CUSTOMER, "/orders/1?a=b", "/en") == "/en/login/?next=/orders/1%3Fa%3Db"
    assert login_path(Face.OPERATOR, "//evil") == "/operator/login/"
    assert login_path(Face.TECHNICIAN, "/technician/") == "/login/?role=technician&next=/technician/"
