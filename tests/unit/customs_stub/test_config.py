"""The settings and what can be wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from customs_stub.config import Config, ConfigError, load


def test_without_a_file_the_projects_folders_are_used() -> None:
    """The defaults fit a fresh checkout."""
    assert load(None) == Config()


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    """A trial can stand anywhere."""
    file = tmp_path / "stub.toml"
    file.write_text('outbox = "out"\noffices = ["5301", "07A8"]\nguarantee_months = 6\npoll_seconds = 0.05\n')
    config = load(file)
    assert config.outbox == tmp_path / "out"
    assert config.offices == ("5301", "07A8")
    assert (config.guarantee_months, config.poll_seconds) == (6, 0.05)
    assert config.answers == Config().answers


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    """Nobody mends one key at a time."""
    file = tmp_path / "stub.toml"
    file.write_text(
        'outbox = 1\noffices = ["53"]\nguarantee_months = 1.5\nvolume_items = 0\npoll_seconds = 3\n\n'
        'colour = "red"\ndeclaration_items = true\n'
    )
    with pytest.raises(ConfigError) as caught:
        load(file)
    told = "\n".join(caught.value.faults)
    for name in (
        "outbox",
        "offices",
        "guarantee_months",
        "volume_items",
        "poll_seconds",
        "colour",
        "declaration_items",
    ):
        assert f"`{name}`" in told
    assert len(caught.value.faults) == 7


@pytest.mark.parametrize("data", [b"outbox = ", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_told(tmp_path: Path, data: bytes) -> None:
    """With its name."""
    file = tmp_path / "stub.toml"
    file.write_bytes(data)
    with pytest.raises(ConfigError, match=r"stub\.toml"):
        load(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """An absent file is not the same as none given."""
    with pytest.raises(ConfigError, match=r"absent\.toml"):
        load(tmp_path / "absent.toml")
