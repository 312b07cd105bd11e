"""Keys, encrypted fields, indexes, passwords and phones."""

from __future__ import annotations

import pytest

from servicehub import crypto
from servicehub.errors import BadPhone
from servicehub.settings import Settings

FIRST = "first-secret-of-the-installation-0001"
SECOND = "second-secret-of-the-installation-02"


def use(monkeypatch: pytest.MonkeyPatch, secret: str, *old: str) -> None:
    monkeypatch.setattr(crypto, "get_settings", lambda: Settings(secret=secret, old_secrets=list(old)))


def test_an_encrypted_field_comes_back_and_differs_each_time() -> None:
    one, two = (crypto.encrypt("上海市世纪大道100号", "sh_address.text") for _ in range(2))
    assert one != two
    assert one.startswith("v1.")
    assert crypto.decrypt(one, "sh_address.text") == "上海市世纪大道100号"


def test_a_field_moved_to_another_column_or_altered_is_refused() -> None:
    token = crypto.encrypt("+8619900000001", "sh_user.phone_enc")
    for wrong in ("sh_order.phone_enc",):
        with pytest.raises(crypto.Undecipherable):
            crypto.decrypt(token, wrong)
    for broken in (token[:-4] + "AAA=", "v2" + token[2:], "v1.00000000." + token.split(".")[2], "nothing", ""):
        with pytest.raises(crypto.Undecipherable):
            crypto.decrypt(broken, "sh_user.phone_enc")


def test_a_new_secret_still_reads_the_old_fields_and_finds_the_old_indexes(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FIRST)
    token, index = crypto.encrypt("x", "t.c"), crypto.blind_index("phone", "+8619900000001")
    assert not crypto.is_stale(token)
    use(monkeypatch, SECOND, FIRST)
    assert crypto.decrypt(token, "t.c") == "x"
    assert crypto.is_stale(token)
    assert crypto.blind_index("phone", "+8619900000001") == index
    use(monkeypatch, SECOND)
    with pytest.raises(crypto.Undecipherable):
        crypto.decrypt(token, "t.c")


def test_indexes_and_macs_separate_kinds() -> None:
    assert crypto.blind_index("phone", "1") == crypto.blind_index("phone", "1") != crypto.blind_index("name", "1")
    assert len(crypto.blind_index("phone", "1")) == 32
    assert crypto.mac("code", "1") != crypto.mac("media", "1")


def test_tokens_are_long_and_codes_have_six_digits() -> None:
    tokens = {crypto.new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) == 43
    assert all(len(code) == 6 and code.isdigit() for code in (crypto.new_code() for _ in range(100)))


def test_passwords_are_argon2_and_nobody_has_none() -> None:
    stored = crypto.hash_password("correct horse")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert crypto.verify_password(stored, "correct horse")
    assert not crypto.verify_password(stored, "correct horsf")
    assert not crypto.verify_password(None, "correct horse")
    assert not crypto.password_is_stale(stored)


@pytest.mark.parametrize("raw", ["19900000001", "199 0000 0001", "+86 199-0000-0001", "0086 19900000001"])
def test_a_phone_has_one_normal_form(raw: str) -> None:
    assert crypto.phone_e164(raw) == "+8619900000001"


@pytest.mark.parametrize("raw", ["", "1990000", "abc", "+999 1", "1" * 200])
def test_what_is_no_phone_is_refused(raw: str) -> None:
    with pytest.raises(BadPhone):
        crypto.phone_e164(raw)
