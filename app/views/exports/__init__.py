"""What a page shows as files to take along, each with a stamp. No Streamlit in it.

What is heavy is imported by whoever uses it, or runs in a process of its own.
"""

from app.views.exports.atlas import city_chart, country_chart, map_png
from app.views.exports.bounds import Tell, quiet
from app.views.exports.documents import Metric, Sheet, metrics, page_pdf
from app.views.exports.excel import as_excel
from app.views.exports.pictures import Chart, chart_png
from app.views.exports.stamp import Stamp, file_name
from app.views.exports.tables import as_csv, as_parquet

__all__ = [
    "Chart",
    "Metric",
    "Sheet",
    "Stamp",
    "Tell",
    "as_csv",
    "as_excel",
    "as_parquet",
    "chart_png",
    "city_chart",
    "country_chart",
    "file_name",
    "map_png",
    "metrics",
    "page_pdf",
    "quiet",
]
