"""What every command is given: the configuration, the clock, and how to show results."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import click

from gateway.cli.loading import loaded
from gateway.cli.show import REFUSED, Show
from gateway.clock import Clock
from gateway.config import Settings, load_settings
from gateway.errors import GatewayError, Language

# A command that needs none of them, such as the one that starts other processes, does not wait for them.
if TYPE_CHECKING:
    from gateway.steps.records import World
    from gateway.store import Store, Unit

P = ParamSpec("P")


@dataclass
class Session:
    """One call of a command.

    Attributes:
        file: The configuration file.
        clock: The time, moved by `--now`.
        language: What `--lang` asked for; without it the configuration's.
        json: Whether results are to be JSON.
    """

    file: Path
    clock: Clock
    language: Language | None
    json: bool = False

    @cached_property
    def settings(self) -> Settings:
        """The configuration, read when it is first needed."""
        return load_settings(self.file)

    @cached_property
    def store(self) -> Store:
        """The database, opened when it is first needed."""
        store: Store = loaded("gateway.database").make_store(self.settings, self.clock)
        return store

    @cached_property
    def readable(self) -> Store:
        """The database for looking only, which needs no more than the right to read it."""
        store: Store = loaded("gateway.database").open_store(self.settings, self.clock)
        return store

    @property
    def as_gateway(self) -> bool:
        """Whether the user may see what is the gateway's alone, such as its latch."""
        return os.access(self.settings.path(self.settings.folders.var), os.W_OK | os.X_OK)

    @cached_property
    def world(self) -> World:
        """Schemas and code tables, loaded when they are first needed."""
        world: World = loaded("gateway.building").make_world(self.settings, self.clock)
        return world

    def note_act(self, unit: Unit, act: str, subject: str = "", **detail: object) -> None:
        """Note in the audit trail what the operator does, in the transaction that does it.

        The operator is the user of the operating system, and who became that by sudo.
        """
        user, before = getuser(), os.environ.get("SUDO_USER", "")
        operator = f"{before} (sudo {user})" if before else user
        unit.audit.act(operator, act, subject, {name: value for name, value in detail.items() if value})

    def close(self) -> None:
        """Close what was opened."""
        for name in ("store", "readable"):
            if name in self.__dict__:
                self.__dict__[name].close()

    @property
    def show(self) -> Show:
        """How to show results."""
        return Show(self.language or self.settings.language, self.json)


def command(
    function: Callable[Concatenate[Session, P], int],
) -> Callable[P, None]:
    """Give a command its session, `--json` and `--lang`; turn errors into a message and exit code 1."""

    @click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")
    @click.option(
        "--lang",
        "language",
        type=click.Choice(["en", "zh"]),
        default=None,
        help="The language of the output.",
    )
    @click.pass_obj
    @wraps(function)
    def run(session: Session, /, *args: P.args, **kwargs: P.kwargs) -> None:
        session.json = bool(kwargs.pop("as_json", False))
        if (spoken := kwargs.pop("language", None)) is not None:
            session.language = "zh" if spoken == "zh" else "en"
        try:
            code = function(session, *args, **kwargs)
        except GatewayError as fault:
            _error_in(session).error(fault)
            code = REFUSED
        finally:
            session.close()
        raise SystemExit(code)

    return run


def _error_in(session: Session) -> Show:
    """Return how to show an error: in the language of a configuration that may be what is wrong."""
    try:
        return session.show
    except GatewayError:
        return Show(session.language or "en")
