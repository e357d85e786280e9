"""What people are shown of documents: differences, prints, statistics, tables for spreadsheets."""

from gateway.reports.differences import Difference, differences
from gateway.reports.drawing import check_drawing, draw
from gateway.reports.sheets import Form, Sheet

__all__ = ["Difference", "Form", "Sheet", "check_drawing", "differences", "draw"]
