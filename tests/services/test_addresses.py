"""The address book: encrypted, one default, only in open districts, only one's own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import Session, col, select

from servicehub import crypto
from servicehub.domain.access import ANONYMOUS, Actor, Role
from servicehub.errors import BadPhone, Invalid, NotFound, NotLoggedIn, OutsideArea
from servicehub.models.catalog import District, DistrictStatus
from servicehub.models.customer import Address
from servicehub.services import addresses
from servicehub.services.addresses import AddressInput
from tests import city
from tests.city import CENTRE, NOW, Town

HOME = AddressInput("梧桐里花园", "2 座 1803 室", "陈女士", "19900000001", *CENTRE)


def _customer(town: Town) -> Actor:
    return Actor(user_id=town.customer_id, role=Role.CUSTOMER, city_id=town.city_id)


def test_a_saved_address_is_encrypted_and_the_first_one_is_the_default(session: Session) -> None:
    town = city.build(session)
    address_id = addresses.save(session, _customer(town), HOME, now=NOW)
    row = session.get_one(Address, address_id)
    assert (row.area, row.is_default, row.district_id) == ("梧桐里花园", True, town.district_id)
    assert "1803" not in row.detail_enc
    assert crypto.decrypt(row.detail_enc, "address.detail") == "2 座 1803 室"
    assert crypto.decrypt(row.contact_enc, "address.contact") == "陈女士"
    assert crypto.decrypt(row.phone_enc, "address.phone") == "+8619900000001"


def test_there_is_one_default_whichever_is_saved_as_such(session: Session) -> None:
    town = city.build(session)
    actor = _customer(town)
    first = addresses.save(session, actor, HOME, now=NOW)
    second = addresses.save(session, actor, replace(HOME, area="海棠苑", is_default=True), now=NOW)
    defaults = session.exec(select(Address.id).where(col(Address.is_default))).all()
    assert defaults == [second]
    addresses.remove(session, actor, second, now=NOW)
    assert session.exec(select(Address.id).where(col(Address.is_default))).all() == [first]
    assert session.get_one(Address, second).removed_at == NOW


def test_an_edit_changes_the_row_and_keeps_it_the_default(session: Session) -> None:
    town = city.build(session)
    actor = _customer(town)
    address_id = addresses.save(session, actor, HOME, now=NOW)
    assert addresses.save(session, actor, replace(HOME, id=address_id, detail="5 座"), now=NOW) == address_id
    row = session.get_one(Address, address_id)
    assert crypto.decrypt(row.detail_enc, "address.detail") == "5 座"
    assert row.is_default


def test_a_strangers_address_can_be_neither_seen_changed_nor_removed(session: Session) -> None:
    town = city.build(session)
    address_id = addresses.save(session, _customer(town), HOME, now=NOW)
    other = Actor(city.add_user(session, town, Role.CUSTOMER).id or 0, Role.CUSTOMER, town.city_id)
    for act in (
        lambda: addresses.save(session, other, replace(HOME, id=address_id, area="x"), now=NOW),
        lambda: addresses.remove(session, other, address_id, now=NOW),
        lambda: addresses.load(session, other, address_id),
    ):
        with pytest.raises(NotFound):
            act()
    assert session.get_one(Address, address_id).area == "梧桐里花园"


@pytest.mark.parametrize("field", ["area", "detail", "contact"])
def test_every_word_is_needed_and_the_refusal_names_it(session: Session, field: str) -> None:
    town = city.build(session)
    with pytest.raises(Invalid) as refused:
        addresses.save(session, _customer(town), replace(HOME, **{field: "  "}), now=NOW)
    assert refused.value.params["field"] == field
    assert session.exec(select(Address.id)).all() == []


def test_a_wrong_phone_and_a_place_without_an_open_district_are_refused(session: Session) -> None:
    town = city.build(session)
    actor = _customer(town)
    with pytest.raises(BadPhone):
        addresses.save(session, actor, replace(HOME, phone="123"), now=NOW)
    with pytest.raises(OutsideArea):
        addresses.save(session, actor, replace(HOME, lat=39.9, lng=116.4), now=NOW)
    session.get_one(District, town.district_id).status = DistrictStatus.SOON
    with pytest.raises(OutsideArea):
        addresses.save(session, actor, HOME, now=NOW)


def test_strangers_have_no_address_book(session: Session) -> None:
    city.build(session)
    with pytest.raises(NotLoggedIn):
        addresses.save(session, ANONYMOUS, HOME, now=NOW)
