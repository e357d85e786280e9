"""What every named transform is: a checked piece of a mapping file that becomes a function on texts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict

Step = Callable[[str], str]


class StepError(Exception):
    """A value that a rule cannot take; told as a violation with the value's place."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


class StepModel(BaseModel):
    """One step of a rule, as the mapping file has it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    @abstractmethod
    def compile(self) -> Step:
        """Return the function that does it."""
