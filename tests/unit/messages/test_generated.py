"""What is generated from the schemas is current, and says what it should."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.messages import Catalogue, dictionary, relax
from gateway.messages.model import Element, read_model
from gateway.messages.names import COMMAND_SET, STRICT_SET

# Needed for saving, but a command may name the client number instead; a rule asks for one of the two.
WITH_ALTERNATIVE = {
    "GoodsFiling/QualificationSeqNo",
    "GoodsFilingChange/VolumeSeqNo",
    "ManifestModification/ManifestSeqNo",
    "ManifestWithdrawal/ManifestSeqNo",
}
ROOT = Path(__file__).parents[3]


def test_the_command_set_is_current(schemas: Path) -> None:
    """`make docs` was run after the strict set changed."""
    made = relax.relax(schemas)
    kept = {file.name: file.read_bytes() for file in (schemas / COMMAND_SET).parent.iterdir()}
    assert made == kept


def test_the_field_dictionary_is_current(catalogue: Catalogue) -> None:
    """`make docs` was run after the schemas changed."""
    assert (ROOT / "docs" / "fields.md").read_text("utf-8") == dictionary.dictionary(catalogue)


def test_writing_the_command_set_removes_what_no_longer_belongs_to_it(schemas: Path, tmp_path: Path) -> None:
    """A message that is taken out of the strict set leaves no file behind."""
    folder = tmp_path / "xsd"
    shutil.copytree(schemas, folder)
    stale = (folder / COMMAND_SET).parent / "old.xsd"
    stale.write_text("")
    (folder / COMMAND_SET).unlink()
    relax.main(folder)
    assert not stale.exists()
    assert (folder / COMMAND_SET).read_bytes() == (schemas / COMMAND_SET).read_bytes()


def test_writing_the_dictionary_writes_the_page(schemas: Path, tmp_path: Path) -> None:
    """The page that the test above compares."""
    dictionary.main(schemas, tmp_path / "fields.md")
    assert (tmp_path / "fields.md").read_bytes() == (ROOT / "docs" / "fields.md").read_bytes()


def _optional(group: Element) -> dict[str, bool]:
    return {element.spec.path: element.least == 0 for element in group.walk() if element is not group}


@pytest.mark.requirement("EN-02", "QF-02")
def test_a_command_field_is_optional_unless_saving_needs_it_from_the_erp(schemas: Path) -> None:
    """What the gateway fills in may be left out; nothing else differs from the strict set."""
    strict = {body.name: body for body in read_model(schemas / STRICT_SET).children}
    for body in read_model(schemas / COMMAND_SET).children:
        optional = _optional(body)
        assert list(optional) == list(_optional(strict[body.name]))
        for element in body.walk():
            if element is not body and body.name != "MessageHead":
                needed = element.spec.save and not element.spec.filled
                needed = needed and element.spec.path not in WITH_ALTERNATIVE
                assert optional[element.spec.path] != needed, element.spec.path


def test_the_page_shows_names_formats_marks_and_tables() -> None:
    """One line, as a person reads it."""
    page = (ROOT / "docs" / "fields.md").read_text("utf-8")
    line = next(line for line in page.splitlines() if line.startswith("| `GoodsNature` | 集中申报货物性质"))
    assert "`2` 保税" in line
    assert "`2` Bonded" in line
    assert "| S D | `goods_nature` |" in line
    assert "| `Item/CodeTS` |" in page
