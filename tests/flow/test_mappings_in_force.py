"""Mappings that change while the gateway runs: all or nothing, and what came before stays explainable."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from gateway.formats import read
from gateway.steps.mapping_versions import mapping_of
from tests.flow import erp
from tests.services.installation import ROOT, Installation, Running

NAME = "acme-json/qualification"
REFUSED = "mapping.reload-refused"


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    """An installation with a folder of mappings of its own."""
    shutil.copytree(ROOT / "mappings", tmp_path / "mappings")
    return Installation(tmp_path, {f'mappings = "{ROOT}/mappings"': 'mappings = "mappings"'})


def change(place: Installation, old: str, new: str, name: str = NAME) -> None:
    """Change a mapping file as an editor does: written beside it and renamed."""
    file = place.folder / f"mappings/{name}.toml"
    text = file.read_text("utf-8")
    assert old in text
    draft = file.with_suffix(".new")
    draft.write_text(text.replace(old, new), "utf-8")
    draft.rename(file)


def in_force(running: Running, name: str = NAME) -> str:
    """Return the version that the next interchange is understood by."""
    return running.gateway.mappings.current().get(name).version


def stamps(running: Running) -> list[tuple[str | None, str | None]]:
    """Return by which mapping and version each message was made, oldest first."""
    with running.gateway.store.read() as unit:
        first = unit.messages.find("acme", "QualificationFiling", "QF-1", "save-declare")
        return [(each.mapping, each.mapping_version) for each in first]


def refused(running: Running) -> list[str]:
    """Return the reasons that operators are told, as long as the folder is not in force."""
    return [alert.values["reason"] for alert in running.alerts() if alert.code == REFUSED]


@pytest.mark.requirement("ER-03")
def test_a_changed_mapping_is_in_force_without_a_restart(place: Installation) -> None:
    """What comes next is made by the new version; the one before can still be applied to what it made."""
    with place.open() as running:
        running.send("q1.json", erp.qualification())
        old = in_force(running)
        change(place, "[match]", "# A remark makes a version.\n[match]")
        running.until(lambda: in_force(running) != old)
        running.send("q2.json", erp.qualification("QF-2"))
        assert stamps(running) == [(NAME, old)]
        world = running.gateway.world
        with running.gateway.store.read() as unit:
            (second,) = unit.messages.find("acme", "QualificationFiling", "QF-2", "save-declare")
            before, after = (
                mapping_of(world, unit, NAME, old),
                mapping_of(world, unit, NAME, in_force(running)),
            )
            assert mapping_of(world, unit, NAME, "000000000000") is None
        assert (second.mapping, second.mapping_version) == (NAME, in_force(running))
        assert before is not None
        assert after is not None
        (made,) = before.apply(read("q1.json", erp.qualification().encode()))
        assert (made.client_seq_no, made.version) == ("QF-1", old)
        number = running.document("QF-1").number
        shown = json.loads(place.gateway("document", number, "--json").stdout)
        assert shown["made_by"] == f"{NAME}@{old}"
        (saved, *_) = json.loads(place.gateway("document", number, "--history", "--json").stdout)
        assert saved["made_by"] == shown["made_by"]
        assert b"A remark" not in before.data
        assert b"A remark" in after.data


@pytest.mark.requirement("ER-03")
def test_a_set_with_a_fault_is_told_and_the_old_one_stays(place: Installation) -> None:
    """One alert with the faults of the moment; it closes when the folder is mended."""
    with place.open() as running:
        old = in_force(running)
        change(place, "[match]", "[mtch]")
        change(place, 'format = "json"', 'format = "json" # changed as well', "acme-json/query")
        running.until(lambda: refused(running) != [])
        assert in_force(running) == old
        assert "mappings/acme-json/qualification.toml" in refused(running)[0]
        assert running.send("q1.json", erp.qualification())["outcome"] == "accepted"
        change(place, "[mtch]", '[match]\nfile = "*.json"\n[header]\nNoSuchField = "x"\n[mtch]')
        running.until(lambda: "mtch" not in refused(running)[0] or "file" in refused(running)[0])
        change(place, '[match]\nfile = "*.json"\n[header]\nNoSuchField = "x"\n[mtch]', "# Mended.\n[match]")
        running.until(lambda: refused(running) == [])
        assert in_force(running) != old


@pytest.mark.requirement("ER-03")
def test_a_set_that_leaves_a_partner_without_mappings_is_not_taken(place: Installation) -> None:
    """A folder that is away for a moment takes nothing out of force."""
    with place.open() as running:
        (place.folder / "mappings/acme-json").rename(place.folder / "mappings-away")
        running.until(lambda: refused(running) != [])
        assert running.send("q1.json", erp.qualification())["outcome"] == "accepted"
        (place.folder / "mappings-away").rename(place.folder / "mappings/acme-json")
        running.until(lambda: refused(running) == [])


def test_a_refused_set_is_no_longer_told_once_the_gateway_starts_with_a_sound_one(
    place: Installation,
) -> None:
    """Mended while the gateway was away."""
    with place.open() as running:
        change(place, "[match]", "[mtch]")
        running.until(lambda: refused(running) != [])
    change(place, "[mtch]", "[match]")
    with place.open() as running:
        assert refused(running) == []
