"""Reports: what was trained on what, how good it is, and why, on one page that needs nothing but a browser."""

from .report import Report, report_on, write_report

__all__ = ["Report", "report_on", "write_report"]
