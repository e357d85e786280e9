"""A table that is known to lack entries lets a well-formed code through to the rules."""

from __future__ import annotations

from datetime import date

import pytest

from gateway.codes import CodeLibrary, PartialTables

TABLES = PartialTables(CodeLibrary.load(None, lambda: date(2026, 10, 20)))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("5301", "5301"),
        ("皇岗海关", "5301"),
        ("5313", "5313"),
        ("99ZZ", "99ZZ"),
        ("53", None),
        ("黄港海关", None),
        ("", None),
    ],
)
@pytest.mark.requirement("EN-03", "EN-04")
def test_an_office_that_the_table_lacks_is_left_to_the_rules(text: str, code: str | None) -> None:
    """What could not be an office's code, nor is a known name, is still refused."""
    assert TABLES.code("customs_district", text) == code


def test_other_tables_stay_strict() -> None:
    """A country that is not in the table is none."""
    assert TABLES.has("country")
    assert not TABLES.has("colour")
    assert TABLES.code("country", "QQQ") is None
    assert ("5301", "皇岗海关") in TABLES.near("customs_district", "皇岗")
