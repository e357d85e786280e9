"""Drawing a sheet as PDF with its typeface embedded (QR-09)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from gateway.errors import RetryError, Violation
from gateway.reports.sheets import Sheet

if TYPE_CHECKING:
    from jinja2 import Environment

# Noto Sans CJK, in whatever folder a system keeps its typefaces.
_TYPEFACE: Final = "NotoSansCJK-Regular.*"
_FOLDERS: Final = (
    Path("/usr/share/fonts"),
    Path("/usr/local/share/fonts"),
    Path.home() / ".local/share/fonts",
    Path.home() / ".fonts",
)


def draw(sheet: Sheet) -> bytes:
    """Draw a sheet; the same sheet gives the same bytes.

    Raises:
        RetryError: `print.no-library` or `print.no-typeface`: an operator must install it first.
    """
    _demand_typeface()
    page = _environment().get_template(f"{sheet.form}.html").render(sheet.values)
    pdf: bytes = _weasyprint().HTML(string=page, url_fetcher=_fetch_nothing).write_pdf()
    return pdf


def check_drawing() -> Iterator[Violation]:
    """Yield what is missing for prints."""
    for look in (_weasyprint, _demand_typeface):
        try:
            look()
        except RetryError as fault:
            yield Violation(fault.code, values=fault.values)


def _weasyprint() -> Any:
    # It brings Pango and half a second of every start, and most processes print nothing.
    try:
        return import_module("weasyprint")
    except OSError as fault:
        raise RetryError("print.no-library", reason=str(fault).partition("\n")[0]) from fault


@cache
def _environment() -> Environment:
    jinja2 = import_module("jinja2")
    environment: Environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gateway.reports"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    templates = resources.files("gateway.reports") / "templates"
    environment.globals["style"] = (templates / "style.css").read_text("utf-8")
    environment.filters["day"] = _day
    return environment


def _day(value: object) -> str:
    """Write a date of the messages as people read it; what is none stays as it is."""
    text = str(value or "")
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else text


def _demand_typeface() -> None:
    """Refuse to draw with any typeface that happens to be there: it may know no Chinese (QR-09)."""
    if not any(any(folder.rglob(_TYPEFACE)) for folder in _FOLDERS if folder.is_dir()):
        raise RetryError("print.no-typeface", folders=", ".join(map(str, _FOLDERS)))


def _fetch_nothing(url: str) -> NoReturn:
    """Keep a sheet from reading files or addresses, whatever an ERP has written into a field."""
    raise ValueError(url)
