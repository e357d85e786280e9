"""The compiled schemas: the dictionary, the check, and what is said of broken schema files."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.errors import RejectedError
from gateway.messages import Catalogue
from gateway.messages.model import Element, read_model
from gateway.messages.names import COMMAND_SET, DECLARATION_SET, STRICT_SET
from gateway.xmlio import parse
from tests.unit.messages.samples import SAMPLES, tree


@pytest.mark.requirement("EN-01")
def test_the_dictionary_knows_names_and_marks(catalogue: Catalogue) -> None:
    """A field with both names, its marks and its table."""
    spec = catalogue.dictionary.find("Manifest/CustomMaster")
    assert spec is not None
    assert (spec.zh, spec.en) == ("申报地海关", "Declaring customs office")
    assert (spec.save, spec.declare, spec.filled, spec.table) == (True, True, False, "customs_district")


def test_the_dictionary_finds_fields_by_paths_with_positions(catalogue: Catalogue) -> None:
    """As violations name them."""
    spec = catalogue.dictionary.find("Manifest/Item[3]/CodeTS")
    assert spec is not None
    assert spec.filled


def test_the_dictionary_covers_head_bodies_and_declaration(catalogue: Catalogue) -> None:
    """Every body of the design, the head, and the public declaration."""
    paths = catalogue.dictionary.specs
    assert set(catalogue.bodies) == set(SAMPLES)
    for path in (*SAMPLES, "MessageHead/ClientSeqNo", "DecMessage/DecLists/DecList/CodeTS"):
        assert path in paths


@pytest.mark.requirement("QF-03")
def test_saving_a_qualification_needs_four_fields(catalogue: Catalogue) -> None:
    """Customs, enterprise code, enterprise name, goods nature."""
    needed = {spec.name for spec in catalogue.dictionary.below("QualificationFiling") if spec.save}
    assert needed == {"CustomMaster", "TradeCode", "TradeName", "GoodsNature"}


@pytest.mark.requirement("EN-02")
def test_back_filled_fields_of_a_qualification_are_marked(catalogue: Catalogue) -> None:
    """Enterprise code, name and guarantee mode come from the profile (QF-02)."""
    filled = {spec.name for spec in catalogue.dictionary.below("QualificationFiling") if spec.filled}
    assert {"TradeCode", "TradeName", "GuaranteeMode"} <= filled


def _fields(group: Element) -> list[Element]:
    return [element for element in group.walk() if element is not group]


def test_mandatory_and_marked_for_declaring_are_the_same_in_the_strict_set(catalogue: Catalogue) -> None:
    """One source: what the schema demands is what the dictionary calls mandatory for declaring."""
    customs = {"Receipt", "AccountBook", "CargoManifest", "Licence"}
    for name, body in catalogue.bodies.items():
        for element in _fields(body):
            if name not in customs:
                assert (element.least == 1) == element.spec.declare, element.spec.path


def test_what_saving_needs_declaring_needs_too(catalogue: Catalogue) -> None:
    """A saved document never lacks for saving what it has for declaring."""
    for spec in catalogue.dictionary.specs.values():
        assert spec.declare or not spec.save, spec.path


def test_head_and_body_must_name_the_same_type(catalogue: Catalogue) -> None:
    """XSD 1.0 cannot say it, so the check does."""
    root = tree(catalogue, "Manifest")
    root[0][1].text = "Receipt"
    (violation,) = catalogue.check(root)
    assert (violation.path, violation.code) == ("MessageHead/MessageType", "schema.type-differs")
    assert "Receipt" in violation.text()


def test_a_foreign_root_is_refused(catalogue: Catalogue) -> None:
    """With the name as it was read."""
    (violation,) = catalogue.check(parse(b"<x/>"))
    assert violation.code == "schema.wrong-root"
    assert "x" in violation.text()


def test_threads_do_not_mix_their_faults(catalogue: Catalogue) -> None:
    """Each thread is told the faults of its own message."""

    def refused(number: int) -> list[str]:
        root = tree(catalogue, "Manifest", TrafName="x" * (50 + number))
        return [str(violation.values["length"]) for violation in catalogue.check(root)]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(refused, range(1, 41))) == [[str(50 + number)] for number in range(1, 41)]


def test_all_faults_of_the_schema_files_are_told_at_once(schemas: Path, tmp_path: Path) -> None:
    """One missing, one that is no XML, one that is no schema."""
    folder = tmp_path / "xsd"
    shutil.copytree(schemas, folder)
    (folder / STRICT_SET).unlink()
    (folder / COMMAND_SET).write_text("<xs:schema")
    (folder / DECLARATION_SET).write_text("<schema/>")
    with pytest.raises(RejectedError) as caught:
        Catalogue.load(folder)
    codes = [violation.code for violation in caught.value.violations]
    assert codes == ["schema.set-missing", "schema.set-broken", "schema.set-broken"]
    assert all("{" not in violation.text("zh") for violation in caught.value.violations)


XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x"'
SEQUENCE = "<xs:element name='a'><xs:complexType>{}</xs:complexType></xs:element>"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "0 global elements"),
        (SEQUENCE.format("<xs:all/>"), "xs:all"),
        (SEQUENCE.format("<xs:sequence maxOccurs='2'/>"), "with occurrences"),
        (SEQUENCE.format("<xs:sequence><xs:element name='b' type='xs:float'/></xs:sequence>"), "xs:float"),
        (
            SEQUENCE.format("<xs:sequence><xs:element name='b' type='T'/></xs:sequence>")
            + "<xs:simpleType name='T'><xs:list itemType='xs:int'/></xs:simpleType>",
            "type T",
        ),
    ],
)
def test_a_schema_beyond_what_the_gateway_reads_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    """Rather than to be read half."""
    file = tmp_path / "x.xsd"
    file.write_text(f"<xs:schema {XS}>{content}</xs:schema>")
    with pytest.raises(ValueError, match=reason):
        read_model(file)


def test_a_schema_that_includes_itself_is_read_once(tmp_path: Path) -> None:
    """Circles of includes end."""
    file = tmp_path / "x.xsd"
    file.write_text(f"<xs:schema {XS}><xs:include schemaLocation='x.xsd'/>{SEQUENCE.format('')}</xs:schema>")
    assert read_model(file).name == "a"
