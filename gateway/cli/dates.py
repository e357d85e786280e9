"""Moments, days and months as they are written on a command line."""

from __future__ import annotations

from datetime import datetime

import click

from gateway.clock import parse_moment


class Moment(click.ParamType[datetime]):
    """An ISO 8601 moment; without a zone it is China's."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Read the moment."""
        try:
            return parse_moment(str(value))
        except ValueError:
            self.fail(f"{value} is no ISO 8601 date and time, such as 2026-11-03T08:00:00+08:00", param, ctx)


class Day(click.ParamType[str]):
    """A day such as 2026-10-20, taken as messages write it: 20261020."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the day."""
        try:
            return datetime.strptime(str(value).replace("-", ""), "%Y%m%d").strftime("%Y%m%d")  # noqa: DTZ007 -- it has no zone
        except ValueError:
            self.fail(f"{value} is no day such as 2026-10-20", param, ctx)


class Month(click.ParamType[str]):
    """A month such as 2026-10, taken as customs writes it: 202610."""

    name = "month"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the month."""
        try:
            return datetime.strptime(str(value), "%Y-%m").strftime("%Y%m")  # noqa: DTZ007 -- it has no zone
        except ValueError:
            self.fail(f"{value} is no month such as 2026-10", param, ctx)
