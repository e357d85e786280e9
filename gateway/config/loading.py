"""Reading `gateway.toml`: all its faults told at once, each by its key, in both languages."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from posixpath import normpath
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gateway.config.channels import (
    TAGS,
    AmqpQueue,
    AmqpTarget,
    FolderPlace,
    ImportClientPlace,
    SftpPlace,
    Source,
    Target,
)
from gateway.config.exchange import Exchange
from gateway.config.settings import HEADER_KEYS, ITEM_KEYS, Settings
from gateway.errors import Place, RejectedError, Violation, refuse

# Before the host, or among the options behind it: whatever the driver holds for a secret.
_SECRET = re.compile(
    r"://[^:/@]*:[^@]*@|[?&](password|sslpassword|oauth_client_secret|scram_(client|server)_key)="
)
_PLACES = ("inbox", "outbox", "receipts")

# What pydantic says in English only, by its kind of fault.
_REASONS_ZH = {
    "string_type": "应为加引号的文本",
    "string_too_short": "至少应有 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": "应符合格式 {pattern}",
    "literal_error": "应为 {expected}",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "greater_than_equal": "不得小于 {ge}",
    "greater_than": "应大于 {gt}",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "less_than_equal": "不得大于 {le}",
    "too_short": "至少应有 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "tuple_type": "应为列表",
    "path_type": "应为路径",
    "time_type": "应为时间，例如 20:00:00",
    "time_parsing": "应为时间，例如 20:00:00",
    "date_type": "应为日期，例如 2026-10-01",
    "date_from_datetime_parsing": "应为日期，例如 2026-10-01",
    "date_from_datetime_inexact": "应为日期，例如 2026-10-01",
    "finite_number": "应为有限的数字",
    "model_type": "应为表",
    "dict_type": "应为表",
    "nul": "路径中不能有 NUL 字符",
}


def load_settings(file: Path) -> Settings:
    """Read and check the configuration file.

    Raises:
        RejectedError: Every fault of the file: `config.absent`, `config.unreadable`, `config.not-toml`,
            `config.key`, `config.key-missing`, `config.key-unknown`, `config.twice`,
            `config.key-shared`, `config.agent-twice`, `config.no-profile`, `config.folder-shared`,
            `config.merge-key-missing`, `config.client-of-partner`, `config.no-server`,
            `config.exchange-route`, `config.exchange-never`, `config.exchange-order`,
            `config.password-here`.
    """
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except FileNotFoundError as fault:
        raise refuse("config.absent", file=file) from fault
    except OSError as fault:
        raise refuse("config.unreadable", file=file, reason=fault.strerror) from fault
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise refuse("config.not-toml", file=file, reason=fault) from fault
    try:
        settings = Settings.model_validate({**data, "root": file.resolve().parent})
    except ValidationError as faults:
        raise RejectedError(_violations(faults.errors(include_url=False), file)) from faults
    if found := list(_disagreements(settings, file)):
        raise RejectedError(found)
    return settings


def _violations(faults: list[ErrorDetails], file: Path) -> list[Violation]:
    places = [fault["loc"] for fault in faults]
    return [
        _violation(fault, file)
        for fault in faults
        # A list that is short only of its faulty entries has enough of them.
        if fault["type"] != "too_short"
        or all(place[: len(fault["loc"])] != fault["loc"] or place == fault["loc"] for place in places)
    ]


def _violation(fault: ErrorDetails, file: Path) -> Violation:
    key = _key(fault["loc"])
    place = Place(str(file), path=key)
    if fault["type"] == "missing":
        return Violation("config.key-missing", values={"key": key}, place=place)
    if fault["type"] == "extra_forbidden":
        return Violation("config.key-unknown", values={"key": key}, place=place)
    given: Any = fault.get("input")
    shown = given if isinstance(given, str | int | float) else "…"
    reason_zh = _REASONS_ZH.get(fault["type"], fault["msg"]).format_map(fault.get("ctx", {}))
    values = {"key": key, "reason": fault["msg"], "reason_zh": reason_zh, "given": shown}
    return Violation("config.key", values=values, place=place)


def _disagreements(settings: Settings, file: Path) -> Iterator[Violation]:
    """Yield what is wrong between keys that are each right."""
    place = Place(str(file))
    if _SECRET.search(settings.database):
        yield Violation("config.password-here", place=Place(str(file), path="database"))
    codes = [enterprise.code for enterprise in settings.enterprise]
    names = [partner.name for partner in settings.partner]
    routes = [route.name for route in settings.route]
    for value in _repeated([*codes, *names]) + _repeated(routes):
        yield Violation("config.twice", values={"value": value}, place=place)
    yield from _profiles(settings, place)
    for partner in settings.partner:
        for code in partner.enterprises:
            if code not in codes:
                values = {"partner": partner.name, "enterprise": code}
                yield Violation("config.no-profile", values=values, place=place)
    yield from _channels(settings, place)
    for route in settings.route:
        if route.signature.method == "rsa-sha1" and not route.signature.allow_broken_sha1:
            yield Violation("config.sha1-not-allowed", values={"route": route.name}, place=place)
    yield from _exchanges(settings, place)
    aggregation = settings.aggregation
    for key in sorted({*HEADER_KEYS} - {*aggregation.header_keys}):
        yield Violation("config.merge-key-missing", values={"table": "header_keys", "key": key}, place=place)
    for key in sorted({*ITEM_KEYS} - {*aggregation.item_keys}):
        yield Violation("config.merge-key-missing", values={"table": "item_keys", "key": key}, place=place)


def _exchanges(settings: Settings, place: Place) -> Iterator[Violation]:
    """Yield agreements that never apply, and waits that fail before they warn (CU-01)."""
    names = [route.name for route in settings.route]
    for position, entry in enumerate(settings.exchange, 1):
        for name in entry.routes:
            if name not in names:
                values = {"position": position, "given": name, "known": ", ".join(names)}
                yield Violation("config.exchange-route", values=values, place=place)
        if any(_covers(before, entry) for before in settings.exchange[: position - 1]):
            yield Violation("config.exchange-never", values={"position": position}, place=place)
        for wait, given in (("technical", entry.technical), ("business", entry.business)):
            if given.fail_minutes < given.warn_minutes:
                values = {"position": position, "wait": wait}
                yield Violation("config.exchange-order", values=values, place=place)


def _covers(before: Exchange, entry: Exchange) -> bool:
    """Whether all that fits an entry fits an earlier one."""
    return all(
        not first or (bool(second) and {*second} <= {*first})
        for first, second in ((before.routes, entry.routes), (before.documents, entry.documents))
    )


def _channels(settings: Settings, place: Place) -> Iterator[Violation]:
    """Yield places that have two meanings, and servers that are not described (ER-01)."""
    # One folder or queue with two meanings feeds the gateway its own answers, or one partner another's files.
    sources = [each.inbox for each in settings.partner] + [each.receipts for each in settings.route]
    targets = [each.receipts for each in settings.partner] + [each.outbox for each in settings.route]
    used = [_identity(settings, each, "InBox") for each in sources]
    used += [_identity(settings, each, "OutBox") for each in targets]
    for each in _repeated(used):
        yield Violation("config.folder-shared", values={"folder": each}, place=place)
    for partner in settings.partner:
        if isinstance(partner.inbox, ImportClientPlace) or isinstance(partner.receipts, ImportClientPlace):
            yield Violation("config.client-of-partner", values={"partner": partner.name}, place=place)
    for at in (*sources, *targets):
        if isinstance(at, SftpPlace) and at.sftp not in settings.sftp:
            yield Violation("config.no-server", values={"table": "sftp", "name": at.sftp}, place=place)
        if isinstance(at, AmqpQueue | AmqpTarget) and at.amqp not in settings.amqp:
            yield Violation("config.no-server", values={"table": "amqp", "name": at.amqp}, place=place)


def _identity(settings: Settings, each: Source | Target, box: str) -> str:
    """Return what is the same for two places where the same messages lie."""
    if isinstance(each, FolderPlace):
        return str(settings.path(each.folder).resolve())
    if isinstance(each, ImportClientPlace):
        return str(settings.path(each.import_client).resolve() / box)
    if isinstance(each, AmqpQueue):
        return f"amqp:{each.amqp}:{each.queue}"
    if isinstance(each, AmqpTarget):
        return f"amqp:{each.amqp}:{each.routing_key}" if not each.exchange else str(each)
    # A server makes one folder of both: `/acme//out/.` and `/acme/out`.
    root = "/" if each.folder.startswith("/") else ""
    return f"sftp:{each.sftp}:{root}{normpath(each.folder.lstrip('/'))}"


def _profiles(settings: Settings, place: Place) -> Iterator[Violation]:
    """Yield keys that two enterprises have without saying so, and agents that stand twice (ID-02, AG-03)."""
    for label in _repeated([enterprise.key_label for enterprise in settings.enterprise]):
        sharing = [enterprise for enterprise in settings.enterprise if enterprise.key_label == label]
        if not all(enterprise.shared_key for enterprise in sharing):
            codes = ", ".join(enterprise.code for enterprise in sharing)
            yield Violation("config.key-shared", values={"value": label, "enterprises": codes}, place=place)
    for enterprise in settings.enterprise:
        for code in _repeated([agent.code for agent in enterprise.agents]):
            values = {"value": code, "enterprise": enterprise.code}
            yield Violation("config.agent-twice", values=values, place=place)


def _repeated(values: list[str]) -> list[str]:
    return sorted({value for value in values if values.count(value) > 1})


def _key(steps: tuple[int | str, ...]) -> str:
    """Write a key as it stands in the file: what kind of place was understood is not said by it."""
    text = ""
    for before, step in zip(("", *steps), steps, strict=False):
        if before in _PLACES and step in TAGS:
            continue
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".") or "the whole file"
