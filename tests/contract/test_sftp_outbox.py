"""A folder of a real SFTP server as an outbox: whole files or none, and nothing is ever replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.channels.sftp_outbox import SftpOutbox
from tests.contract.pier import Pier
from tests.services.sshd import sshd


@pytest.fixture(params=["", "-P posix-rename,fsync", "-P rename"], ids=["openssh", "bare", "posix"])
def server(request: pytest.FixtureRequest):
    """OpenSSH as it is, without its own rename and flush, and without the protocol's rename."""
    return sshd(request.param)


@pytest.fixture
def pier(server, tmp_path: Path) -> Iterator[Pier]:
    """An empty folder."""
    made = Pier(server, tmp_path)
    yield made
    made.link.close()


def there(pier: Pier) -> dict[str, bytes]:
    """Return every file of the folder, drafts too."""
    return {file.name: file.read_bytes() for file in pier.folder.iterdir()}


def codes(faults: dict) -> dict[str, str]:
    """Return the code of each fault."""
    return {name: fault.code for name, fault in faults.items()}


@pytest.mark.requirement("CU-05")
def test_what_is_sent_again_has_no_effect_and_other_bytes_are_refused(pier: Pier) -> None:
    """By size and by content; a batch goes on around what is refused."""
    assert pier.outbox.send_many([("a.xml", b"1"), ("b.xml", b"22"), ("empty.xml", b"")]) == {}
    again = [("a.xml", b"1"), ("b.xml", b"23"), ("empty.xml", b"x"), ("c.xml", b"3")]
    assert codes(pier.outbox.send_many(again)) == dict.fromkeys(("b.xml", "empty.xml"), "channels.name-taken")
    assert there(pier) == {"a.xml": b"1", "b.xml": b"22", "empty.xml": b"", "c.xml": b"3"}


def test_a_name_twice_in_one_batch_is_one_file_or_refused(pier: Pier) -> None:
    """The same bytes are one file; of other bytes neither is sent, for nobody knows which is meant."""
    twice = [("a.xml", b"1"), ("a.xml", b"1"), ("b.xml", b"1"), ("b.xml", b"2")]
    assert codes(pier.outbox.send_many(twice)) == {"b.xml": "channels.name-taken"}
    assert there(pier) == {"a.xml": b"1"}


def test_an_abandoned_draft_is_written_anew(pier: Pier) -> None:
    """Whatever a lost connection left under the name of the draft, longer or a link, is no hindrance."""
    pier.put(".a.xml.tmp", b"half of something longer")
    victim = pier.folder.with_name("victim")
    victim.write_bytes(b"untouched")
    (pier.folder / ".b.xml.tmp").symlink_to(victim)
    assert pier.outbox.send_many([("a.xml", b"1"), ("b.xml", b"2")]) == {}
    assert there(pier) == {"a.xml": b"1", "b.xml": b"2"}
    assert victim.read_bytes() == b"untouched"


def test_a_link_or_folder_under_the_name_is_not_written_through(pier: Pier) -> None:
    """Both are something else than what is sent."""
    victim = pier.folder.with_name("victim")
    victim.write_bytes(b"1")
    (pier.folder / "a.xml").symlink_to(victim)
    (pier.folder / "b.xml").mkdir()
    faults = pier.outbox.send_many([("a.xml", b"1"), ("b.xml", b"2")])
    assert codes(faults) == dict.fromkeys(("a.xml", "b.xml"), "channels.name-taken")
    assert victim.read_bytes() == b"1"


def test_large_files_and_many_of_them_arrive_unchanged(pier: Pier) -> None:
    """More than fits into one request, and more than are written at once."""
    files = [(f"{number}.bin", os.urandom(1 + number * 1000)) for number in range(120)]
    files.append(("large.bin", os.urandom(2_000_001)))
    assert pier.outbox.send_many(files) == {}
    assert there(pier) == dict(files)


def test_an_absent_folder_leaves_each_file_in_doubt(pier: Pier) -> None:
    """It is told with the file and tried again; another folder of the same server goes on."""
    absent = SftpOutbox(pier.link, str(pier.folder / "absent"))
    assert codes(absent.send_many([("a.xml", b"1"), ("b.xml", b"2")])) == {
        "a.xml": "channels.not-sent",
        "b.xml": "channels.not-sent",
    }
    pier.outbox.send("a.xml", b"1")
    assert there(pier) == {"a.xml": b"1"}


def test_a_server_that_may_only_be_read_leaves_it_in_doubt(tmp_path: Path) -> None:
    """Without the right to write nothing is there, and everything is tried again."""
    pier = Pier(sshd("-R"), tmp_path)
    assert codes(pier.outbox.send_many([("a.xml", b"1")])) == {"a.xml": "channels.not-sent"}
    assert there(pier) == {}
    pier.link.close()


def test_a_full_disk_leaves_it_in_doubt_and_no_half_file(tmp_path: Path) -> None:
    """The server may write no file larger than 100 kB: what does not fit gets no name, what fits does."""
    pier = Pier(sshd(largest_file=100_000), tmp_path)
    files = [("a.xml", b"1"), ("large.xml", bytes(300_000)), ("b.xml", b"2")]
    assert codes(pier.outbox.send_many(files)) == {"large.xml": "channels.not-sent"}
    whole = {name: data for name, data in there(pier).items() if not name.startswith(".")}
    assert whole == {"a.xml": b"1", "b.xml": b"2"}
    pier.link.close()
