"""Amounts, lengths of time and tables, as people write and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.cli import amounts, durations
from covey.cli.output import Output, Table


@pytest.mark.parametrize(
    ("text", "wei"),
    [
        ("1", 10**18),
        ("1.5", 15 * 10**17),
        ("2gwei", 2 * 10**9),
        ("3wei", 3),
        (" 1,000 ", 10**21),
        ("0", 0),
        ("1.0wei", 1),
    ],
)
def test_amounts_are_tokens_unless_they_name_a_unit(text: str, wei: int) -> None:
    assert amounts.parse(text) == wei


@pytest.mark.parametrize(
    "text", ["", "much", "-1", "0.5wei", "1e-18", "0.0000000000000000001", "nan", "inf", "1e40", "1 ether", "0x10"]
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount|wei"):
        amounts.parse(text)


@given(st.integers(0, 2**96 - 1))
def test_an_amount_that_is_shown_whole_reads_back(wei: int) -> None:
    assert amounts.parse(amounts.tokens(wei, 18)) == wei


@pytest.mark.parametrize(
    ("wei", "shown"), [(0, "0"), (10**18, "1"), (1, "<0.000001"), (-15 * 10**17, "-1.5"), (1_234 * 10**18 + 1, "1,234")]
)
def test_amounts_are_shown_short(wei: int, shown: str) -> None:
    assert amounts.tokens(wei) == shown


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("15m", 900), ("12h", 43_200), ("3d", 259_200)])
def test_lengths_of_time(text: str, seconds: int) -> None:
    assert durations.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "1w", "-5s", "1.5h", "١s"])
def test_what_is_no_length_of_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="length of time"):
        durations.parse(text)


def test_lengths_of_time_are_shown_by_their_largest_units() -> None:
    assert [durations.show(s) for s in (0, 59, 60, 3_725, 90_061)] == ["0s", "59s", "1m", "1h 2m", "1d 1h"]


def test_tables_align() -> None:
    table = Table(("who", "paid"), [("a", "1,000"), ("bob", "7")], frozenset({"paid"}))
    assert list(table.lines()) == ["who   paid", "a    1,000", "bob      7"]


def test_nobodys_text_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "Scans\x1b[2J\x1b]0;owned\x07\r\x9b31m\u202e\udcff"
    out = Output(as_json=False)
    out.say(hostile)
    out.heading(hostile)
    out.note(hostile)
    out.failure(hostile, hostile, "Kind", 1)
    out.table(Table(["title"], [[hostile]]))
    shown = "".join(capsys.readouterr())
    assert not set(hostile) & set(shown) - set("Scans[2J]0;owned31m")
    assert "Sc\u00e4ns: 5 classes\n" in said("Sc\u00e4ns: 5 classes", capsys)


def said(text: str, capsys: pytest.CaptureFixture[str]) -> str:
    Output(as_json=False).say(text)
    return capsys.readouterr().out
