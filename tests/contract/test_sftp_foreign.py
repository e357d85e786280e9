"""A server that is not OpenSSH, has none of its extensions, and whose rename overwrites."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.pier import Pier
from tests.services.foreign_sftp import foreign_server
from tests.services.sshd import sshd


@pytest.fixture
def pier(tmp_path: Path) -> Iterator[Pier]:
    """An empty folder behind that server."""
    with foreign_server(tmp_path) as access:
        made = Pier(sshd(), tmp_path, access)
        yield made
        made.link.close()


def test_files_come_and_go_there_too(pier: Pier) -> None:
    """Received, put away, sent, sent again; links are told as links."""
    pier.put("a.csv", b"1" * 100_000)
    (pier.folder / "link.csv").symlink_to("/etc/passwd")
    assert pier.put_away() == {"a.csv": b"1" * 100_000}
    pier.finished()
    assert pier.refused() == {"link.csv": "channels.not-a-file"}
    assert pier.names_in(".quarantine") == ["link.csv", "link.csv.reason.json"]
    for _ in range(2):
        assert pier.outbox.send_many([("x.xml", b"2" * 100_000), ("y.xml", b"")]) == {}
    assert (pier.folder / "x.xml").read_bytes() == b"2" * 100_000


def test_its_rename_overwrites_nothing_of_ours(pier: Pier) -> None:
    """We look before we rename: what was put away stays, and what was sent is never replaced."""
    for data in (b"1", b"2"):
        pier.put("a.csv", data)
        assert pier.put_away() == {"a.csv": data}
    assert sorted(file.read_bytes() for file in (pier.folder / ".done").iterdir()) == [b"1", b"2"]
    assert pier.outbox.send_many([("x.xml", b"1")]) == {}
    assert pier.outbox.send_many([("x.xml", b"2")])["x.xml"].code == "channels.name-taken"
    assert (pier.folder / "x.xml").read_bytes() == b"1"
