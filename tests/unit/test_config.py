"""The configuration tells all its faults at once, and refuses what would do harm."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time
from math import nan
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel, ValidationError

from gateway.config import FolderPlace, Settings, load_settings
from gateway.config.loading import _violations
from gateway.errors import RejectedError

SHIPPED = (Path(__file__).parents[2] / "gateway.toml").read_text("utf-8")


def _faults(folder: Path, text: str) -> list[tuple[str, str]]:
    file = folder / "gateway.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(RejectedError) as refused:
        load_settings(file)
    for violation in refused.value.violations:
        assert "{" not in violation.text("en") + violation.text("zh")
    return [
        (violation.code, str(violation.values.get("key", violation.values.get("value", ""))))
        for violation in refused.value.violations
    ]


def test_the_shipped_file_is_right(tmp_path: Path) -> None:
    """And its paths are seen from where it lies."""
    file = tmp_path / "gateway.toml"
    file.write_text(SHIPPED, "utf-8")
    settings = load_settings(file)
    inbox = settings.partner[0].inbox
    assert isinstance(inbox, FolderPlace)
    assert settings.path(inbox.folder) == tmp_path / "inbox/acme"
    assert settings.database_url == f"sqlite:///{tmp_path}/var/gateway.db"


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """What is missing, unknown, and of a wrong form, each by its key."""
    text = SHIPPED.replace('sender = "GW4403180001"', "")
    text = text.replace("guarantee_months = 3", "guarantee_months = 999")
    text = text.replace('key_label = "declarant"', 'key_lable = "declarant"')
    assert _faults(tmp_path, text) == [
        ("config.key-missing", "sender"),
        ("config.key", "rules.guarantee_months"),
        ("config.key-unknown", "enterprise[1].key_lable"),
    ]


def _tables(kind: object) -> Iterator[type[BaseModel]]:
    """Yield each table of the configuration that a type has in it."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
        for field in kind.model_fields.values():
            yield from _tables(field.annotation)
    for part in get_args(kind):
        yield from _tables(part)


@pytest.mark.parametrize("table", {table.__name__: table for table in _tables(Settings)}.values())
def test_whatever_stands_in_a_key_is_told_in_chinese_too(table: type[BaseModel]) -> None:
    """The library that reads the values has English words only, each kind of fault its own."""
    values = [1, -1, 1.5, nan, 10**30, "", "x", "x" * 500, "\0", True, date(2026, 1, 1), time(1), [], {}]
    values += [datetime(2026, 1, 1, 5), None]  # noqa: DTZ001 -- a moment of the file has no zone
    for name in table.model_fields:
        for value in [*values, *([each] for each in values), *({"x": each} for each in values)]:
            try:
                table.model_validate({name: value})
            except ValidationError as faults:
                for told in _violations(faults.errors(include_url=False), Path("gateway.toml")):
                    reason = str(told.values.get("reason_zh", "无"))
                    assert re.search("[一-鿿]", reason), (name, value, reason)


@pytest.mark.requirement("AG-06")
def test_a_merge_key_of_the_regulation_cannot_be_left_out(tmp_path: Path) -> None:
    """An installation may demand more agreement, never less."""
    text = SHIPPED.replace("max_items = 50", 'max_items = 50\nitem_keys = ["CodeTS", "GUnit", "TradeCurr"]')
    assert _faults(tmp_path, text) == [
        ("config.merge-key-missing", name) for name in ("DeclPrice", "GModel", "GName", "OriginCountry")
    ]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('receipts = "receipts/acme"', 'receipts = "inbox/acme"', "config.folder-shared"),
        ('outbox = "outbox/customs"', 'outbox = "./receipts/customs"', "config.folder-shared"),
        ('enterprises = ["4403180001"]', 'enterprises = ["4403180002"]', "config.no-profile"),
        ('encoding = "gb18030"', 'encoding = "klingon"', "config.key"),
        ('inbox = "inbox/acme"', 'inbox = "in\\u0000box"', "config.key"),
    ],
)
def test_what_would_loop_or_never_work_is_refused(tmp_path: Path, old: str, new: str, code: str) -> None:
    """A folder with two meanings, an enterprise without a profile, an unknown encoding, a NUL."""
    text = SHIPPED.replace(f"# {old}", new) if f"# {old}" in SHIPPED else SHIPPED.replace(old, new)
    assert [found for found, _ in _faults(tmp_path, text)] == [code]


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """Two partners of one name would share their documents."""
    start = SHIPPED.index("[[partner]]")
    again = SHIPPED[start : SHIPPED.index("# The ways to customs")].replace("/acme", "/beta", 2)
    assert ("config.twice", "acme") in _faults(tmp_path, SHIPPED + again)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"sender = ", None])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    """No traceback, whatever stands in its place."""
    file = tmp_path / "gateway.toml"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    with pytest.raises(RejectedError) as refused:
        load_settings(file)
    assert refused.value.code == ("config.unreadable" if content is None else "config.not-toml")


@pytest.mark.requirement("ID-02")
def test_a_key_of_two_enterprises_is_refused_unless_each_says_so(tmp_path: Path) -> None:
    """Forgetting the second key would sign in another's name."""
    start = SHIPPED.index("[[enterprise]]")
    second = SHIPPED[start : SHIPPED.index("# One table for each ERP")].replace("4403180001", "4403180002")
    assert _faults(tmp_path, SHIPPED + second) == [("config.key-shared", "declarant")]
    half = second.replace("shared_key = false", "shared_key = true")
    assert _faults(tmp_path, SHIPPED + half) == [("config.key-shared", "declarant")]
    file = tmp_path / "gateway.toml"
    file.write_text((SHIPPED + second).replace("shared_key = false", "shared_key = true"), "utf-8")
    assert len(load_settings(file).enterprise) == 2


@pytest.mark.requirement("AG-03")
def test_an_agent_stands_once(tmp_path: Path) -> None:
    """Two names of one code would leave open which one is meant."""
    agents = 'agents = [{ code = "4403980009", name = "甲" }, { code = "4403980009", name = "乙" }]'
    text = SHIPPED.replace("declare_declarations = true ", f"{agents}\ndeclare_declarations = true ")
    assert _faults(tmp_path, text) == [("config.agent-twice", "4403980009")]


@pytest.mark.requirement("CU-01", "CU-07")
def test_agreements_that_cannot_be_meant_are_told(tmp_path: Path) -> None:
    """A route that is not there, a wait that fails before it warns, an entry behind one that takes all."""
    text = SHIPPED.replace('# routes = ["customs"] ', 'routes = ["air"] ')
    text = text.replace("fail_minutes = 240 ", "fail_minutes = 20 ")
    text += '\n[[exchange]]\n[[exchange]]\ndocuments = ["Manifest"]\n'
    assert [code for code, _ in _faults(tmp_path, text)] == [
        "config.exchange-route",
        "config.exchange-order",
        "config.exchange-never",
    ]


@pytest.mark.requirement("CU-07")
def test_what_no_agreement_fits_goes_by_the_shipped_values(tmp_path: Path) -> None:
    """The first entry that fits, else the defaults; and these are what stands in the shipped file."""
    file = tmp_path / "gateway.toml"
    file.write_text(
        SHIPPED.replace('# documents = ["Manifest"]   ', 'documents = ["Manifest"]   ', 1), "utf-8"
    )
    settings = load_settings(file)
    (entry,) = settings.exchange
    assert settings.exchanged("customs", "Manifest") is entry
    assert settings.exchanged("customs", "DecMessage") == entry.model_copy(update={"documents": ()})
