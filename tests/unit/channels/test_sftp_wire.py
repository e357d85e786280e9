"""The SFTP protocol against a server that answers nonsense: the connection is lost, and nothing else."""

from __future__ import annotations

import errno
import stat
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.channels.sftp_session import SftpSession
from gateway.channels.sftp_wire import LostError, Wire

_HELLO = struct.pack(">IBI", 5, 2, 3)


class _Channel:
    """A channel over which the answers were written down before; behind them it ends."""

    def __init__(self, *packets: bytes) -> None:
        self._bytes = _HELLO + b"".join(struct.pack(">I", len(packet)) + packet for packet in packets)

    def settimeout(self, seconds: float) -> None:
        pass

    def sendall(self, data: bytes) -> None:
        pass

    def recv(self, size: int) -> bytes:
        came, self._bytes = self._bytes[:size], self._bytes[size:]
        return came


def _look(*packets: bytes) -> object:
    session = SftpSession(Wire(_Channel(*packets), 1.0), refuses_taken=True)
    return session.look(["a"])


@pytest.mark.requirement("ER-01")
@pytest.mark.parametrize("kind", [101, 102, 103, 104, 105])
@pytest.mark.parametrize("length", range(4))
def test_an_answer_without_its_content_ends_the_connection(kind: int, length: int) -> None:
    """A status without a code and the like are told as a lost connection, which opens an alert."""
    with pytest.raises(LostError):
        _look(struct.pack(">BI", kind, 1) + b"\0" * length)


@pytest.mark.requirement("ER-01")
@given(st.integers(0, 255), st.binary(max_size=60))
def test_whatever_a_server_answers_is_an_answer_or_a_lost_connection(kind: int, body: bytes) -> None:
    """No other exception gets out, however a packet is made."""
    try:
        (found,) = _look(struct.pack(">BI", kind, 1) + body)
    except LostError:
        return
    assert kind in {101, 105}
    assert isinstance(found, OSError) or kind == 105


@pytest.mark.requirement("ER-01")
@given(st.binary(max_size=120))
def test_whatever_a_server_lists_is_a_listing_or_a_lost_connection(body: bytes) -> None:
    """Names of a folder as well."""
    opened = struct.pack(">BI", 102, 1) + struct.pack(">I", 1) + b"h"
    session = SftpSession(Wire(_Channel(opened, struct.pack(">BI", 104, 2) + body), 1.0), refuses_taken=True)
    with pytest.raises(LostError):
        session.listing("/")


@pytest.mark.requirement("CU-05")
@pytest.mark.parametrize(("kept", "fault"), [(3, None), (2, errno.EIO), (0, errno.EIO)])
def test_a_file_of_which_the_server_kept_less_is_not_written(kept: int, fault: int | None) -> None:
    """It said yes to every byte, as a server without room may; so its word is looked at."""
    done = struct.pack(">I", 0)
    answers = [(101, done), (102, struct.pack(">I", 1) + b"h"), (101, done), (101, done)]
    answers.append((105, struct.pack(">IQI", 1 | 4, kept, stat.S_IFREG)))
    packets = [struct.pack(">BI", kind, number) + body for number, (kind, body) in enumerate(answers, 1)]
    session = SftpSession(Wire(_Channel(*packets), 1.0), refuses_taken=True)
    (found,) = session.write([("a.tmp", b"123")])
    assert (found and found.errno) == fault
