"""The transforms of numbers: exact decimals, never a float, never rounded unasked."""

from __future__ import annotations

import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Context, Decimal
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.mapping.step_model import Step, StepError, StepModel

_ROUNDINGS = {
    "half-up": ROUND_HALF_UP,
    "half-even": ROUND_HALF_EVEN,
    "down": ROUND_DOWN,
    "up": ROUND_UP,
}
# Wide enough for every number that the shapes below let through; nothing may be rounded by accident.
_CONTEXT = Context(prec=100)


def _any_digits(value: object) -> object:
    """The name alone sets no limit to the digits."""
    return None if value is True else value


class DecimalStep(StepModel):
    """Reads a number and writes it plainly: no thousands separators, no exponent, no trailing zeros."""

    decimal: Annotated[int | None, Field(ge=0, le=18), BeforeValidator(_any_digits)]
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
        most = self.decimal
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


class Multiply(StepModel):
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
