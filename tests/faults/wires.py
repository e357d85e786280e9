"""What is asked of SFTP servers and brokers, counted as what is done on this machine."""

from __future__ import annotations

import re
import struct
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiormq.channel import Channel

from gateway.channels import sftp_wire
from gateway.channels.sftp_wire import Answer, Request, Wire
from tests.faults.killer import Killer

_PATHS = {
    sftp_wire.REMOVE: "remove",
    sftp_wire.MKDIR: "mkdir",
    sftp_wire.RMDIR: "rmdir",
    sftp_wire.RENAME: "rename",
}
_WRITES = 0x02
_EXTENDED = {b"posix-rename@openssh.com": "rename", b"fsync@openssh.com": "fsync"}
# Queues have a number of their own in each run.
_NUMBER = re.compile(r"\.\d+\b")
Work = Callable[..., Awaitable[Any]]


def watch(killer: Killer) -> None:
    """Put the count around every durable operation at a server."""
    _SftpWatch(killer).install()
    _AmqpWatch(killer).install()


class _SftpWatch:
    """Around each bundle of requests, which goes out at once; before its end half of it has been done."""

    def __init__(self, killer: Killer) -> None:
        self._killer = killer
        self._opened: dict[tuple[int, bytes], str] = {}

    def install(self) -> None:
        real = Wire.ask

        def ask(wire: Wire, requests: Iterable[Request]) -> list[Answer]:
            asked = list(requests)
            step = self._step(wire, asked[0]) if asked else None
            if step is None:
                answers = real(wire, asked)
            else:
                self._killer.at(*step, after=False, last=lambda: real(wire, asked[: len(asked) // 2]))
                answers = real(wire, asked)
                if any(answer.fault is None for answer in answers):
                    self._killer.at(*step, after=True)
            self._note(wire, asked, answers)
            return answers

        setattr(Wire, "ask", ask)  # noqa: B010 -- mypy would object to the plain assignment

    def _step(self, wire: Wire, request: Request) -> tuple[str, str] | None:
        kind, body = request
        operation, place = _PATHS.get(kind), ""
        if kind == sftp_wire.OPEN and _flags(body) & _WRITES:
            operation, place = "create", _text(body)
        elif kind == sftp_wire.WRITE:
            operation, place = "write", self._opened.get((id(wire), _bytes(body)), "")
        elif kind == sftp_wire.RENAME:
            place = _text(_rest(body))
        elif kind == sftp_wire.EXTENDED:
            operation, body = _EXTENDED.get(_bytes(body)), _rest(body)
            place = (
                _text(_rest(body))
                if operation == "rename"
                else self._opened.get((id(wire), _bytes(body)), "")
            )
        elif operation is not None:
            place = _text(body)
        folder = f"{self._killer.folder}/"
        if operation is None or not place.startswith(folder):
            return None
        return operation, place.removeprefix(folder)

    def _note(self, wire: Wire, asked: list[Request], answers: list[Answer]) -> None:
        for (kind, body), answer in zip(asked, answers, strict=True):
            if kind == sftp_wire.OPEN and answer.fault is None:
                self._opened[id(wire), answer.handle()] = _text(body)


class _AmqpWatch:
    """Around publishing, the broker's confirmation as it comes in, and the acknowledgement that is written.

    What was published and is not confirmed yet is nothing of its own: the broker has it, as before the
    confirmation is heard, or it has not, as before it was published.
    """

    def __init__(self, killer: Killer) -> None:
        self._killer = killer
        self._queues: dict[int, str] = {}

    def install(self) -> None:
        self._around("publish", lambda _, given: given["exchange"] or given["routing_key"])
        for operation in ("ack", "nack", "reject"):
            self._around(operation, lambda channel, _: self._queues.get(id(channel), ""))
        consume, confirm = Channel.basic_consume, Channel._confirm_delivery

        async def basic_consume(channel: Channel, queue: str, *given: Any, **options: Any) -> Any:
            self._queues[id(channel)] = queue
            return await consume(channel, queue, *given, **options)

        def confirmed(channel: Channel, *given: Any) -> None:
            self._killer.at("confirm", "", after=False)
            confirm(channel, *given)
            self._killer.at("confirm", "", after=True)

        setattr(Channel, "basic_consume", basic_consume)  # noqa: B010 -- as above
        setattr(Channel, "_confirm_delivery", confirmed)  # noqa: B010 -- as above

    def _around(self, operation: str, place: Callable[[Channel, dict[str, Any]], str]) -> None:
        method = f"basic_{operation}"
        real: Work = getattr(Channel, method)

        async def counted(channel: Channel, *given: Any, **options: Any) -> Any:
            where = _NUMBER.sub("", place(channel, options))
            self._killer.at(operation, where, after=False)
            answer = await real(channel, *given, **options)
            self._killer.at(operation, where, after=True)
            return answer

        setattr(Channel, method, counted)


def _bytes(body: bytes) -> bytes:
    (length,) = struct.unpack_from(">I", body)
    return body[4 : 4 + length]


def _rest(body: bytes) -> bytes:
    return body[4 + len(_bytes(body)) :]


def _text(body: bytes) -> str:
    return _bytes(body).decode("utf-8", "surrogateescape")


def _flags(body: bytes) -> int:
    (flags,) = struct.unpack_from(">I", _rest(body))
    return int(flags)
