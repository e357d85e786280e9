"""What every table of the configuration has in common, and the types of its values."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


class Section(BaseModel):
    """A table of the file: a key that it does not know is a fault, never ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


def _whole(path: Path) -> Path:
    if "\0" in str(path):
        raise PydanticCustomError("nul", "a path cannot hold a NUL character")
    return path


File = Annotated[Path, AfterValidator(_whole)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
