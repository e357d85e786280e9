"""The closed list of named transforms that the steps of a mapping rule may use."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from gateway.mapping.dates import DatePattern, PatternError

Step = Callable[[str], str]

_ROUNDINGS = {
    "half-up": ROUND_HALF_UP,
    "half-even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "up": ROUND_UP,
}
# Wide enough for any amount of money times any factor; nothing may be rounded by accident.
_CONTEXT = Context(prec=100)
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


class StepError(Exception):
    """A value that a step of a rule cannot take; told as a violation with the value's place."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


class _StepModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Trim(_StepModel):
    """Removes white space at both ends."""

    trim: Literal[True]

    def compile(self) -> Step:
        """Return the step."""
        return str.strip


class Squeeze(_StepModel):
    """Makes each run of white space and line ends one space."""

    squeeze: Literal[True]

    def compile(self) -> Step:
        """Return the step."""
        return lambda text: " ".join(text.split())


class Upper(_StepModel):
    """Makes letters large."""

    upper: Literal[True]

    def compile(self) -> Step:
        """Return the step."""
        return str.upper


class Lower(_StepModel):
    """Makes letters small."""

    lower: Literal[True]

    def compile(self) -> Step:
        """Return the step."""
        return str.lower


class HalfWidth(_StepModel):
    """Makes full-width letters, digits and signs half-width: `：` becomes `:`."""

    half_width: Literal[True] = Field(alias="half-width")

    def compile(self) -> Step:
        """Return the step."""
        return lambda text: text.translate(_FULL_WIDTH)


class Replace(_StepModel):
    """Replaces one text by another everywhere."""

    replace: Annotated[str, Field(min_length=1)]
    by: str = Field(default="", alias="with")

    def compile(self) -> Step:
        """Return the step."""
        return lambda text: text.replace(self.replace, self.by)


class Substring(_StepModel):
    """Takes a part, counted from 1 as in a spreadsheet."""

    substring: Annotated[int, Field(ge=1)]
    length: Annotated[int, Field(ge=1)] | None = None

    def compile(self) -> Step:
        """Return the step."""
        start = self.substring - 1
        end = None if self.length is None else start + self.length
        return lambda text: text[start:end]


class Before(_StepModel):
    """Takes what stands before the first occurrence of a text, or everything where it does not occur."""

    before: Annotated[str, Field(min_length=1)]

    def compile(self) -> Step:
        """Return the step."""
        return lambda text: text.partition(self.before)[0].strip()


class After(_StepModel):
    """Takes what stands after the first occurrence of a text, or everything where it does not occur."""

    after: Annotated[str, Field(min_length=1)]

    def compile(self) -> Step:
        """Return the step."""
        return lambda text: text.partition(self.after)[2].strip() if self.after in text else text


class Pad(_StepModel):
    """Fills up at the left, for codes whose leading zeros a spreadsheet has eaten."""

    pad: Annotated[int, Field(ge=1, le=255)]
    fill: Annotated[str, Field(min_length=1, max_length=1)] = Field(default="0", alias="with")

    def compile(self) -> Step:
        """Return the step."""
        return lambda text: text.rjust(self.pad, self.fill)


class Prefix(_StepModel):
    """Puts a text before the value."""

    prefix: str

    def compile(self) -> Step:
        """Return the step."""
        return lambda text: self.prefix + text


class Suffix(_StepModel):
    """Puts a text after the value."""

    suffix: str

    def compile(self) -> Step:
        """Return the step."""
        return lambda text: text + self.suffix


class Date(_StepModel):
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


class DecimalStep(_StepModel):
    """Reads a number and writes it plainly: no thousands separators, no exponent, no trailing zeros."""

    decimal: Annotated[int, Field(ge=0, le=18)] | Literal[True]
    rounding: Literal["half-up", "half-even", "down", "up"] | None = None
    thousands: Annotated[str, Field(max_length=1)] = ""
    point: Annotated[str, Field(min_length=1, max_length=1)] = "."

    @model_validator(mode="after")
    def _tells_signs_apart(self) -> Self:
        if self.thousands == self.point:
            raise PydanticCustomError("same_signs", "{sign}", {"sign": self.point})
        return self

    def compile(self) -> Step:
        """Return the step."""
        whole = "[0-9]{1,30}"
        if self.thousands:
            whole = f"(?:[0-9]{{1,3}}(?:{re.escape(self.thousands)}[0-9]{{3}}){{1,9}}|[0-9]{{1,30}})"
        shape = re.compile(rf"[+-]?{whole}(?:{re.escape(self.point)}[0-9]*)?(?:[eE][+-]?[0-2]?[0-9])?")
        most = None if self.decimal is True else self.decimal
        fraction = rf"(?:\.[0-9]{{0,{(18 if most is None else most) - 1}}}[1-9])?" if most != 0 else ""
        # Most numbers are written as they shall be; the way over Decimal is ten times as long.
        right = re.compile(rf"(?:0|[1-9][0-9]{{0,17}}){fraction}")

        def step(text: str) -> str:
            if right.fullmatch(text) and self.point == ".":
                return text
            if shape.fullmatch(text) is None:
                raise StepError("map.bad-number", text=text, example=self._example())
            if self.thousands:
                text = text.replace(self.thousands, "")
            if self.point != ".":
                text = text.replace(self.point, ".")
            short = text.rstrip("0").rstrip(".") if "." in text else text
            return short if right.fullmatch(short) else plain_number(self._rounded(Decimal(text), most, text))

        return step

    def _rounded(self, number: Decimal, most: int | None, text: str) -> Decimal:
        exponent = number.as_tuple().exponent
        assert isinstance(exponent, int), "the shape lets no infinity through"
        if (
            most is None
            or -exponent <= most
            or number == number.quantize(Decimal(1).scaleb(-most), context=_CONTEXT)
        ):
            return number
        if self.rounding is None:
            raise StepError("map.too-many-decimals", text=text, limit=most)
        return number.quantize(Decimal(1).scaleb(-most), _ROUNDINGS[self.rounding], _CONTEXT)

    def _example(self) -> str:
        return f"1{self.thousands}234{self.point}5"


class Multiply(_StepModel):
    """Multiplies a number exactly, for another unit of measure or money."""

    multiply: Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,12})?$")]

    def compile(self) -> Step:
        """Return the step."""
        factor = Decimal(self.multiply)

        def step(text: str) -> str:
            if re.fullmatch(r"[+-]?[0-9]{1,30}(?:\.[0-9]{0,18})?", text) is None:
                raise StepError("map.bad-number", text=text, example="1234.5")
            return plain_number(_CONTEXT.multiply(Decimal(text), factor))

        return step


def plain_number(number: Decimal) -> str:
    """Write a number without exponent, plus sign and trailing zeros."""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


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
