"""What every body's values must be: of their table and of their day, and of the form that they promise."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from gateway.codes import CodeLibrary, CodeTables
from gateway.config import Rules
from gateway.documents import Decision
from gateway.errors import RejectedError, Violation
from gateway.fields import Fields
from tests.unit.documents.world import (
    World,
    approved_world,
    codes_of,
    goods,
    line,
    manifest,
    qualification,
    settings,
    volume,
)

DAY = date(2026, 10, 20)
CODES = CodeLibrary.load(None, lambda: DAY).today
DISTRICT = "QualificationFiling/CustomMaster"


def filed(
    office: str, policy: str = "warn", codes: CodeTables = CODES
) -> tuple[list[str], tuple[Violation, ...]]:
    """Save a qualification at an office; return its faults, or what it was warned of."""
    rules = Rules.model_validate({"unknown_customs_district": policy})
    world = World(settings=settings(rules=rules), codes=codes)
    try:
        decision = world.do("QualificationFiling", "save", "Q-1", qualification(CustomMaster=office))
    except RejectedError as fault:
        return codes_of(fault), ()
    return [], tuple(decision.warnings)


@pytest.mark.requirement("EN-03", "EN-04")
@pytest.mark.parametrize("office", ["53", "53a1", "530１x", "A301", "53011", "黄港海关"])
@pytest.mark.parametrize("policy", ["warn", "refuse"])
def test_what_cannot_be_an_office_fails_under_every_policy(office: str, policy: str) -> None:
    """The table may be partial; a code of a wrong form stands in no edition of it."""
    assert filed(office, policy) == ([f"rule.unknown-code {DISTRICT}"], ())


@pytest.mark.requirement("EN-04")
def test_an_unknown_office_of_the_right_form_is_warned_of_or_refused_as_configured() -> None:
    """The warning names the nearest offices, which are those of the region."""
    faults, (warning,) = filed("5399")
    assert (faults, warning.code) == ([], "rule.unknown-customs-district")
    assert str(warning.values["near_en"]).startswith("53")
    assert filed("5399", "refuse") == ([f"rule.unknown-code {DISTRICT}"], ())
    _, (alone,) = filed("9999")
    assert "Nearest entries: none." in alone.text("en")
    assert "相近的有：无。" in alone.text("zh")


@pytest.mark.requirement("EN-03")
def test_an_office_of_another_day_is_refused_with_its_days(tmp_path: Path) -> None:
    """Though the form is right and unknown offices are only warned of: this one is known to be closed."""
    table = "code,name_zh,valid_to\n5301,皇岗海关,2026-10-19\n5304,蛇口海关,\n"
    (tmp_path / "customs_district.csv").write_text(table, "utf-8")
    codes = CodeLibrary.load(tmp_path, lambda: DAY).today
    assert filed("5301", codes=codes) == ([f"rule.code-not-valid {DISTRICT}"], ())
    assert filed("皇岗海关", codes=codes) == ([f"rule.code-not-valid {DISTRICT}"], ())
    assert filed("5304", codes=codes) == ([], ())


@pytest.mark.requirement("EN-03", "EN-05")
def test_a_code_of_another_day_is_told_with_its_days_in_both_languages() -> None:
    """The mark is a currency, but not any more."""
    world = approved_world()
    with pytest.raises(RejectedError) as caught:
        world.do("GoodsFiling", "save", "GF-9", volume(goods(TradeCurr="DEM")))
    (fault,) = caught.value.violations
    assert (fault.code, fault.path) == ("rule.code-not-valid", "GoodsFiling/Item[1]/TradeCurr")
    for language in ("en", "zh"):
        text = fault.text(language)
        assert "2001-12-31" in text
        assert "DEM" in text


@pytest.mark.requirement("EN-03")
def test_former_codes_of_country_and_currency_end_as_the_present_ones() -> None:
    """An ERP that kept the three digits of before 2018 is understood; 502 is America and its dollar."""
    world = World(codes=CODES)
    world.do("QualificationFiling", "save-declare", "QF-1", qualification())
    body = volume(goods(OriginCountry="502", TradeCurr="502"))
    body["QualificationClientNo"] = "QF-1"
    (item,) = _items(world.do("GoodsFiling", "save", "GF-1", body))
    assert (item["OriginCountry"], item["TradeCurr"]) == ("USA", "USD")


@pytest.mark.requirement("GF-04", "EN-04")
@pytest.mark.parametrize("given", ["1：26-AB-100200", "26-AB-100200", "1:", "12:26-AB-100200"])
def test_a_licence_is_document_code_colon_and_number_everywhere(given: str) -> None:
    """In a volume's item and in a manifest alike."""
    world = approved_world()
    with pytest.raises(RejectedError) as of_volume:
        world.do("GoodsFiling", "save", "GF-9", volume(goods(LicenseNo=given)))
    with pytest.raises(RejectedError) as of_manifest:
        world.do("Manifest", "save", "M-9", manifest(line(), LicenseNo=given))
    assert codes_of(of_volume.value) == ["rule.licence-form GoodsFiling/Item[1]/LicenseNo"]
    assert "rule.licence-form Manifest/LicenseNo" in codes_of(of_manifest.value)


@pytest.mark.requirement("GF-04")
def test_a_document_code_that_the_old_table_lacks_is_warned_of() -> None:
    """Upper and lower case are different documents."""
    world = World(codes=CODES)
    world.do("QualificationFiling", "save-declare", "QF-1", qualification())
    body = volume(goods(LicenseNo="1:26-AB-100200"), goods(LicenseNo="b:26-AB-100200"))
    body["QualificationClientNo"] = "QF-1"
    (warning,) = world.do("GoodsFiling", "save", "GF-1", body).warnings
    assert (warning.code, warning.path) == (
        "rule.unknown-licence-document",
        "GoodsFiling/Item[2]/LicenseNo",
    )


def _items(decision: Decision) -> list[Fields]:
    items = decision.changes[0].document.content["Item"]
    assert isinstance(items, list)
    return items
