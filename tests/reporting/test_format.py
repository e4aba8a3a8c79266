"""Numbers are formatted for people, in one place."""

from __future__ import annotations

import pytest

from charloom.reporting.format import count, duration, interval, number, p_value, percent


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (1.60149, "nats", "1.60"), (0.0, "", "0"), (12345.6, "", "12,346"), (0.0123, "", "0.0123"),
        (0.58, "%", "58 %"), (0.0712, "%", "7.1 %"), (0.0001, "%", "< 0.1 %"), (1.0, "%", "100 %"),
        (0.99999, "%", "> 99.9 %"), (0.9951, "%", "99.5 %"), (float("inf"), "", "not finite"),
    ],
)  # fmt: skip
def test_numbers_are_written_for_people(value, unit, shown):
    assert number(value, unit) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.12345, "%", "12.3 %"), (0.00123, "%", "0.12 %"), (1e-7, "%", "< 0.01 %"),
        (0.0, "%", "0.0 %"), (1.60154, "nats", "1.602"), (0.0512, "nats", "0.0512"),
        (12345.6, "", "12,346"),
    ],
)  # fmt: skip
def test_numbers_of_a_table_are_exact(value, unit, shown):
    assert number(value, unit, exact=True) == shown


def test_an_interval_names_its_unit_once():
    assert interval(0.54, 0.62, "%") == "54 to 62 %"
    assert interval(0.9701, 0.9748, "%") == "97.0 to 97.5 %"
    assert interval(0.121, 0.1342, "%", exact=True) == "12.1 to 13.4 %"
    assert interval(1.5, 1.75) == "1.50 to 1.75"
    assert percent(0) == "0 %"


def test_p_values_counts_and_times():
    assert [p_value(p) for p in (1e-9, 0.0049, 0.25)] == ["< 0.0001", "0.0049", "0.25"]
    assert [count(n) for n in (None, 0, 1377)] == ["?", "0", "1,377"]
    assert [duration(s) for s in (0.4, 15.3, 300, 7200)] == [
        "a second", "15 seconds", "5 minutes", "2.0 hours",
    ]  # fmt: skip
