"""The closed list of named transforms that the steps of a mapping rule may use."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator
from pydantic_core import PydanticCustomError

from gateway.mapping.dates import DatePattern, PatternError
from gateway.mapping.numbers import DecimalStep, Multiply
from gateway.mapping.step_model import Step, StepError, StepModel

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


class Trim(StepModel):
    """Removes white space at both ends."""

    trim: Literal[True]

    def compile(self) -> Step:
        """Return the step."""
        return str.strip


class Squeeze(StepModel):
    """Makes each run of white space and line ends one space."""

    squeeze: Literal[True]

    def compile(self) -> Step:
        """Return the step."""
        return lambda text: " ".join(text.split())


class Upper(StepModel):
    """Makes letters large."""

    upper: Literal[True]

    def compile(self) -> Step:
        """Return the step."""
        return str.upper


class Lower(StepModel):
    """Makes letters small."""

    lower: Literal[True]

    def compile(self) -> Step:
        """Return the step."""
        return str.lower


class HalfWidth(StepModel):
    """Makes full-width letters, digits and signs half-width: `：` becomes `:`."""

    half_width: Literal[True] = Field(alias="half-width")

    def compile(self) -> Step:
        """Return the step."""
        return lambda text: text.translate(_FULL_WIDTH)


class Replace(StepModel):
    """Replaces one text by another everywhere."""

    replace: Annotated[str, Field(min_length=1)]
    by: str = Field(default="", alias="with")

    def compile(self) -> Step:
        """Return the step."""
        return lambda text: text.replace(self.replace, self.by)


class Substring(StepModel):
    """Takes a part, counted from 1 as in a spreadsheet."""

    substring: Annotated[int, Field(ge=1)]
    length: Annotated[int, Field(ge=1)] | None = None

    def compile(self) -> Step:
        """Return the step."""
        start = self.substring - 1
        end = None if self.length is None else start + self.length
        return lambda text: text[start:end]


class Before(StepModel):
    """Takes what stands before the first occurrence of a text, or everything where it does not occur."""

    before: Annotated[str, Field(min_length=1)]

    def compile(self) -> Step:
        """Return the step."""
        return lambda text: text.partition(self.before)[0].strip()


class After(StepModel):
    """Takes what stands after the first occurrence of a text, or everything where it does not occur."""

    after: Annotated[str, Field(min_length=1)]

    def compile(self) -> Step:
        """Return the step."""
        return lambda text: text.partition(self.after)[2].strip() if self.after in text else text


class Pad(StepModel):
    """Fills up at the left, for codes whose leading zeros a spreadsheet has eaten."""

    pad: Annotated[int, Field(ge=1, le=255)]
    fill: Annotated[str, Field(min_length=1, max_length=1)] = Field(default="0", alias="with")

    def compile(self) -> Step:
        """Return the step."""
        return lambda text: text.rjust(self.pad, self.fill)


class Prefix(StepModel):
    """Puts a text before the value."""

    prefix: str

    def compile(self) -> Step:
        """Return the step."""
        return lambda text: self.prefix + text


class Suffix(StepModel):
    """Puts a text after the value."""

    suffix: str

    def compile(self) -> Step:
        """Return the step."""
        return lambda text: text + self.suffix


class Date(StepModel):
    """Reads a date by one of the patterns and writes it as `yyyyMMdd` (or as `to` says)."""

    date: str | list[str]
    to: str = "yyyyMMdd"

    @field_validator("date", "to")
    @classmethod
    def _is_pattern(cls, value: str | list[str]) -> str | list[str]:
        for pattern in [value] if isinstance(value, str) else value:
            try:
                DatePattern(pattern)
            except PatternError as fault:
                raise PydanticCustomError("date_pattern", "{part}", {"part": fault.part}) from fault
        return value

    def compile(self) -> Step:
        """Return the step."""
        texts = [self.date] if isinstance(self.date, str) else self.date
        patterns = [DatePattern(text) for text in texts]
        target = DatePattern(self.to)

        def step(text: str) -> str:
            for pattern in patterns:
                moment = pattern.read(text)
                if moment is not None:
                    return target.write(moment)
            raise StepError("map.bad-date", text=text, patterns=" / ".join(texts))

        return step


TRANSFORMS = (
    "trim",
    "squeeze",
    "upper",
    "lower",
    "half-width",
    "replace",
    "substring",
    "before",
    "after",
    "pad",
    "prefix",
    "suffix",
    "date",
    "decimal",
    "multiply",
)


def _written_out(value: object) -> object:
    """Take the short form: a name alone is a transform without figures."""
    return {value: True} if isinstance(value, str) else value


def _name(value: object) -> str:
    if not isinstance(value, dict):
        return ""
    names = [name for name in TRANSFORMS if name in value]
    return names[0] if len(names) == 1 else ""


StepSpec: TypeAlias = Annotated[
    Annotated[Trim, Tag("trim")]
    | Annotated[Squeeze, Tag("squeeze")]
    | Annotated[Upper, Tag("upper")]
    | Annotated[Lower, Tag("lower")]
    | Annotated[HalfWidth, Tag("half-width")]
    | Annotated[Replace, Tag("replace")]
    | Annotated[Substring, Tag("substring")]
    | Annotated[Before, Tag("before")]
    | Annotated[After, Tag("after")]
    | Annotated[Pad, Tag("pad")]
    | Annotated[Prefix, Tag("prefix")]
    | Annotated[Suffix, Tag("suffix")]
    | Annotated[Date, Tag("date")]
    | Annotated[DecimalStep, Tag("decimal")]
    | Annotated[Multiply, Tag("multiply")],
    Discriminator(_name),
    BeforeValidator(_written_out),
]
