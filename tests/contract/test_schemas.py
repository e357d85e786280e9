"""The schema files with real tools: libxml2 through lxml, xmlschema, and the program xmllint."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import xmlschema
from lxml import etree

from gateway.messages import Catalogue, build, build_declaration, serialize
from gateway.messages.names import COMMAND_SET, DECLARATION_SET, STRICT_SET
from tests.unit.messages.samples import DECLARATION, SAMPLES, head, sample

SCHEMAS = Path(__file__).parents[2] / "schemas" / "xsd"
FILES = sorted(SCHEMAS.rglob("*.xsd"))
COMMANDS = sorted(
    set(SAMPLES) - {"Receipt", "AccountBook", "CargoManifest", "Licence"},
)
XS = "{http://www.w3.org/2001/XMLSchema}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The compiled schemas."""
    return Catalogue.load(SCHEMAS)


@pytest.fixture(scope="module")
def explaining() -> dict[str, xmlschema.XMLSchema]:
    """The same sets as `xmlschema` reads them."""
    return {
        name: xmlschema.XMLSchema(str(SCHEMAS / name)) for name in (STRICT_SET, COMMAND_SET, DECLARATION_SET)
    }


def _xmllint(schema: str, *files: Path) -> None:
    command = ["xmllint", "--nonet", "--noout", "--schema", str(SCHEMAS / schema), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _written(folder: Path, catalogue: Catalogue, names: list[str]) -> list[Path]:
    files = []
    for name in names:
        file = folder / f"{name}.xml"
        file.write_bytes(serialize(build(catalogue, head(name), sample(name))))
        files.append(file)
    return files


@pytest.mark.parametrize("message_type", SAMPLES)
def test_every_sample_is_valid_for_libxml2_and_for_xmlschema(
    catalogue: Catalogue, explaining: dict[str, xmlschema.XMLSchema], message_type: str
) -> None:
    """The strict set: what goes to customs, and what comes from there."""
    root = build(catalogue, head(message_type), sample(message_type))
    assert catalogue.check(root) == []
    explaining[STRICT_SET].validate(root)


@pytest.mark.parametrize("message_type", COMMANDS)
def test_every_command_is_valid_whole_and_with_only_what_saving_needs(
    catalogue: Catalogue, explaining: dict[str, xmlschema.XMLSchema], message_type: str
) -> None:
    """The command set takes the whole document as well as its least."""
    whole = sample(message_type)
    needed = {spec.name for spec in catalogue.dictionary.below(message_type) if spec.save}
    least = {name: value for name, value in whole.items() if name in needed}
    for body in (whole, least):
        root = build(catalogue, head(message_type, operation="save"), body)
        assert catalogue.check(root, command=True) == []
        explaining[COMMAND_SET].validate(root)


@pytest.mark.requirement("DC-02")
def test_a_declaration_is_valid(catalogue: Catalogue, explaining: dict[str, xmlschema.XMLSchema]) -> None:
    """In the public structure."""
    root = build_declaration(catalogue, DECLARATION)
    assert catalogue.check(root) == []
    explaining[DECLARATION_SET].validate(root)


def test_xmllint_agrees(catalogue: Catalogue, tmp_path: Path) -> None:
    """Anyone can check what lies in the outbox, with a program of every distribution."""
    _xmllint(STRICT_SET, *_written(tmp_path, catalogue, list(SAMPLES)))
    _xmllint(COMMAND_SET, *_written(tmp_path, catalogue, COMMANDS))
    file = tmp_path / "DecMessage.xml"
    file.write_bytes(serialize(build_declaration(catalogue, DECLARATION)))
    _xmllint(DECLARATION_SET, file)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SCHEMAS)))
def test_no_schema_file_needs_the_network_or_a_dtd(file: Path) -> None:
    """References are relative and lead to files that are there."""
    text = file.read_text("utf-8")
    assert "<!DOCTYPE" not in text
    for location in re.findall(r'schemaLocation="([^"]*)"', text):
        assert "://" not in location
        assert (file.parent / location).is_file()


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SCHEMAS)))
def test_every_element_and_type_is_explained_in_both_languages(file: Path) -> None:
    """The signature's own schema is the W3C's and stays as it is."""
    if "xmldsig" in file.name:
        return
    for node in etree.parse(str(file)).iter(f"{XS}element", f"{XS}simpleType", f"{XS}complexType"):
        if node.get("name") is None:
            continue
        texts: dict[str | None, list[str]] = {}
        for text in node.iterfind(f"{XS}annotation/{XS}documentation"):
            texts.setdefault(text.get(LANG), []).append((text.text or "").strip())
        assert set(texts) == {"zh", "en"}, node.get("name")
        assert len(texts["zh"]) == len(texts["en"]), node.get("name")
        assert all(texts["zh"] + texts["en"]), node.get("name")


SIGNATURE = b"""<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><SignedInfo>
<CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/>
<SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>
<Reference URI=""><DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>
<DigestValue>AA==</DigestValue></Reference></SignedInfo><SignatureValue>AA==</SignatureValue></Signature>"""


def test_a_signature_may_stand_last_and_nowhere_else(catalogue: Catalogue) -> None:
    """In messages and in declarations."""
    for root in (build(catalogue, head("Query"), sample("Query")), build_declaration(catalogue, DECLARATION)):
        root.append(etree.fromstring(SIGNATURE))
        assert catalogue.check(root) == []
        root.insert(0, root[-1])
        assert [violation.code for violation in catalogue.check(root)] == ["schema.invalid"]


@pytest.mark.requirement("GF-02", "GF-04")
@pytest.mark.parametrize(
    ("items", "licence", "right"),
    [(1, "1:26-AB-100200", True), (99, "4:X", True), (100, "1:X", False), (1, "26-AB-100200", False)],
)
def test_a_volume_has_at_most_99_items_with_licences_of_code_and_number(
    catalogue: Catalogue, items: int, licence: str, *, right: bool
) -> None:
    """The document code, an ASCII colon, the number."""
    (item,) = SAMPLES["GoodsFiling"]["Item"]
    assert isinstance(item, dict)
    body = sample("GoodsFiling", Item=[{**item, "LicenseNo": licence}] * items)
    root = build(catalogue, head("GoodsFiling"), body)
    assert (catalogue.check(root) == []) is right
