"""Results as one page of HTML that needs nothing but itself."""

from analyze.render.html.growth import growth_page
from analyze.render.html.report import report_page

__all__ = ["growth_page", "report_page"]
