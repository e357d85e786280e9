"""What people are shown of documents: prints, statistics, tables for spreadsheets, evidence."""

from gateway.reports.bundle import Bundle, safe
from gateway.reports.charts import Panel, chart
from gateway.reports.drawing import check_drawing, draw
from gateway.reports.forms import FormColumn, form_to_csv, form_to_xlsx
from gateway.reports.sheets import Form, Sheet
from gateway.reports.statistics import Figures, Tally, plain
from gateway.reports.tables import Cell, Table, harmless, to_csv, to_xlsx

__all__ = [
    "Bundle",
    "Cell",
    "Figures",
    "Form",
    "FormColumn",
    "Panel",
    "Sheet",
    "Table",
    "Tally",
    "chart",
    "check_drawing",
    "draw",
    "form_to_csv",
    "form_to_xlsx",
    "harmless",
    "plain",
    "safe",
    "to_csv",
    "to_xlsx",
]
