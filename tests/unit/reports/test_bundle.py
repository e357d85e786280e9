"""The bundle of evidence: names that harm nobody, bytes that follow from what is in it."""

from __future__ import annotations

import json
import stat
from hashlib import sha256
from io import BytesIO
from pathlib import PurePosixPath
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.reports import Bundle, safe

_KEPT = {sha256(data).hexdigest(): data for data in (b"order", b"<Receipt/>")}
_ORDER, _RECEIPT = _KEPT


def _bundle() -> Bundle:
    made = Bundle("M1", {"format": "1"})
    made.refer("receipts/000001/as-came.xml", _RECEIPT, "what came")
    made.refer("input/as-came.csv", _ORDER, "what was sent")
    made.add_json("document.json", {"number": "M1", "goods": "鲑鱼"}, "the document")
    made.check("receipt", "receipts/000001/as-came.xml", "", "1")
    return made


def _written(bundle: Bundle) -> bytes:
    file = BytesIO()
    bundle.write(file, _KEPT.__getitem__)
    return file.getvalue()


@given(st.text())
def test_a_name_is_one_files_and_nothing_else(name: str) -> None:
    """No way up, no folder, no option, no blank, nothing hidden, and made safe once it stays."""
    made = safe(name)
    assert PurePosixPath(made).parts == (made,)
    assert made.isascii()
    assert made[0] not in ".-_~/"
    assert not set(made) & set(" \t\r\n\\/:*?\"'$`<>|&;")
    assert len(made) <= 80
    assert safe(made) == made


@pytest.mark.parametrize("name", ["../up", "a/../../b", "/etc/passwd", "a//b", "a b", "-o", "a/.hidden"])
def test_a_name_that_is_not_safe_is_a_mistake(name: str) -> None:
    """Whoever adds a file makes its name of what is safe."""
    with pytest.raises(AssertionError):
        Bundle("M1", {}).add(name, b"", "")


@pytest.mark.parametrize("value", ["a\tb", "a\nb", "a\rb"])
def test_a_value_breaks_no_line_of_the_checks(value: str) -> None:
    """Otherwise it could add a check, or end one."""
    with pytest.raises(AssertionError):
        Bundle("M1", {}).check("receipt", value)


def test_the_same_files_give_the_same_bytes_in_the_order_of_their_names() -> None:
    """In whatever order they were added; none tells when or by whom it was written."""
    other = Bundle("M1", {"format": "1"})
    other.check("receipt", "receipts/000001/as-came.xml", "-", "1")
    other.add_json("document.json", {"number": "M1", "goods": "鲑鱼"}, "the document")
    other.refer("input/as-came.csv", _ORDER, "what was sent")
    other.refer("receipts/000001/as-came.xml", _RECEIPT, "what came")
    assert _written(other) == _written(_bundle())
    with ZipFile(BytesIO(_written(other))) as archive:
        infos = archive.infolist()
    assert [info.filename for info in infos] == sorted(info.filename for info in infos)
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}
    modes = {info.filename: stat.S_IMODE(info.external_attr >> 16) for info in infos}
    assert modes.pop("M1/verify.sh") == 0o700
    assert set(modes.values()) == {0o600}


def test_contents_and_sums_tell_of_every_file() -> None:
    """The contents of all but themselves and the sums, the sums of all but themselves."""
    with ZipFile(BytesIO(_written(_bundle()))) as archive:
        files = {name.removeprefix("M1/"): archive.read(name) for name in archive.namelist()}
    contents = json.loads(files["contents.json"])
    assert contents["format"] == "1"
    told = {each["name"]: each["sha256"] for each in contents["files"]}
    digests = {name: sha256(data).hexdigest() for name, data in files.items()}
    assert told == {n: d for n, d in digests.items() if n not in {"contents.json", "SHA256SUMS"}}
    lines = files["SHA256SUMS"].decode().splitlines()
    assert lines == [f"{digests[name]}  {name}" for name in sorted(digests) if name != "SHA256SUMS"]
    assert files["verify.list"] == b"receipt\treceipts/000001/as-came.xml\t-\t1\n"
    assert [each["name"] for each in _bundle().files()] == sorted(files)


def test_kept_bytes_are_read_one_at_a_time() -> None:
    """A bundle holds small files and digests; what is large is read when it is written."""
    read: list[str] = []

    def load(digest: str) -> bytes:
        read.append(digest)
        return _KEPT[digest]

    bundle = _bundle()
    assert read == []
    bundle.write(BytesIO(), load)
    assert read == [_ORDER, _RECEIPT]
