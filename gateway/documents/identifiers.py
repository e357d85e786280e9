"""The forms and check digits of public identifiers (EN-04)."""

from __future__ import annotations

import re
from datetime import date

_DISTRICT = re.compile(r"[0-9]{2}[A-Z0-9]{2}")
_ENTERPRISE = re.compile(r"[0-9A-Z]{10}")
_GOODS_CODE = re.compile(r"[0-9]{10}")
_CONTAINER = re.compile(r"[A-Z]{4}[0-9]{7}")
_FILING = re.compile(r"[A-Z][0-9A-Z]{11}")
_LICENCE = re.compile(r"[0-9A-Za-z]:[^\s:]{1,30}")
_DATE = re.compile(r"[0-9]{8}")
_MONTH = re.compile(r"(?!0000)[0-9]{4}(0[1-9]|1[0-2])")

# GB 32100-2015: the letters I, O, S, V and Z are left out.
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def is_customs_district(text: str) -> bool:
    """Tell whether the text has the form of a customs office's code, 关区代码."""
    return _DISTRICT.fullmatch(text) is not None


def is_enterprise_code(text: str) -> bool:
    """Tell whether the text has the form of an enterprise's customs code, 海关注册编码 (no check digit)."""
    return _ENTERPRISE.fullmatch(text) is not None


def is_goods_code(text: str) -> bool:
    """Tell whether the text has the form of a goods code, 商品编号."""
    return _GOODS_CODE.fullmatch(text) is not None


def is_filing_number(text: str) -> bool:
    """Tell whether the text has the form of a filing number, 备案号 (MF-04)."""
    return _FILING.fullmatch(text) is not None


def is_licence(text: str) -> bool:
    """Tell whether the text is document code, ASCII colon, number (GF-04)."""
    return _LICENCE.fullmatch(text) is not None


def is_month(text: str) -> bool:
    """Tell whether the text is a month, `yyyyMM`."""
    return _MONTH.fullmatch(text) is not None


def is_social_credit_code(text: str) -> bool:
    """Tell whether the text is a unified social credit code with the right check character (GB 32100)."""
    return len(text) == 18 and social_credit_check(text[:17]) == text[17]


def social_credit_check(text: str) -> str | None:
    """Return the check character of the first 17 of a unified social credit code, None for a foreign one."""
    values = [_CREDIT_ALPHABET.find(character) for character in text]
    if len(values) != 17 or -1 in values:
        return None
    total = sum(value * weight for value, weight in zip(values, _CREDIT_WEIGHTS, strict=True))
    return _CREDIT_ALPHABET[-total % 31]


def is_container(text: str) -> bool:
    """Tell whether the text is a container number with the right check digit (ISO 6346)."""
    return _CONTAINER.fullmatch(text) is not None and container_check(text[:10]) == text[10]


def are_containers(text: str) -> bool:
    """Tell whether the text is one container number, or several with commas between them."""
    return all(is_container(part) for part in text.split(","))


def container_check(text: str) -> str:
    """Return the check digit of four letters and six digits (ISO 6346)."""
    total = sum(_container_value(character) << position for position, character in enumerate(text))
    return str(total % 11 % 10)


def _container_value(character: str) -> int:
    # Letters count from 10 and leave out the multiples of 11, which the check could not tell from 0.
    value = int(character, 36)
    return value if value < 10 else value + (value - 1) // 10


def parse_date(text: str) -> date | None:
    """Return the day of `yyyyMMdd`, None when there is no such day."""
    if _DATE.fullmatch(text) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
