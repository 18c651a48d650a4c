"""Derived secrets are the same for ever, differ wherever anything differs, and never show."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.journal import Purpose, Scope, Secret, derive, signing_key

SECRET = Secret(bytes(range(32)))
ARENA = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
PARTS = st.lists(st.one_of(st.none(), st.integers(0, 2**300), st.text(max_size=5), st.binary(max_size=5)), max_size=4)


def test_derivation_is_pinned() -> None:
    """A worker that lost its journal depends on these bytes: they must never change."""
    assert derive(SECRET, 31337, ARENA, 7, "trainer", "salt", 0, None).hex() == (
        "dbb1f63902153030638fe9aa48a9a4ab23ffac07bad3006272775ceb3eda2845"
    )


@given(PARTS, PARTS)
def test_different_parts_give_different_secrets(
    one: list[int | str | bytes | None], two: list[int | str | bytes | None]
) -> None:
    assert (derive(SECRET, *one) == derive(SECRET, *two)) == (list(map(repr, one)) == list(map(repr, two)))


def test_every_field_of_a_scope_separates() -> None:
    scopes = [
        Scope(1, ARENA, 7, "trainer"),
        Scope(2, ARENA, 7, "trainer"),
        Scope(1, ARENA[:-1] + "4", 7, "trainer"),
        Scope(1, ARENA, 8, "trainer"),
        Scope(1, ARENA, 7, "validator"),
    ]
    values = {
        scope.derive(SECRET, purpose, round_, extra)
        for scope in scopes
        for purpose in Purpose
        for round_ in (None, 0, 1)
        for extra in (None, 0, b"")
    }
    assert len(values) == len(scopes) * len(Purpose) * 9
    assert all(len(value) == 32 for value in values)


def test_the_case_of_an_address_does_not_matter() -> None:
    lower, mixed = Scope(1, ARENA.lower(), 7, "trainer"), Scope(1, ARENA, 7, "trainer")
    assert lower.derive(SECRET, Purpose.SALT, 0) == mixed.derive(SECRET, Purpose.SALT, 0)
    assert lower.signing_key(SECRET, Purpose.HANDLE_KEY) == mixed.signing_key(SECRET, Purpose.HANDLE_KEY)


def test_another_worker_derives_other_secrets() -> None:
    assert derive(SECRET, "salt") != derive(Secret(bytes(32)), "salt")


def test_signing_keys_are_on_the_curve() -> None:
    for index in range(50):
        assert 0 < int.from_bytes(signing_key(SECRET, index)) < 2**256 - 2**32


def test_a_secret_never_shows() -> None:
    assert bytes(range(32)).hex() not in repr(SECRET)
    assert f"{SECRET}" == "Secret(hidden)"
    with pytest.raises(TypeError):
        pickle.dumps(SECRET)
    with pytest.raises(ValueError, match="32 bytes"):
        Secret(b"short")


def test_a_flag_is_no_part() -> None:
    with pytest.raises(TypeError):
        derive(SECRET, True)
