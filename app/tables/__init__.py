"""Tables in files that people hand over: CSV or TSV in whatever encoding, and Excel workbooks, read row by row.

Everything here is pure but for reading the file. A row that is none is told with its line and harms no neighbour.
"""

from app.tables.delimited import rows_of
from app.tables.encodings import decode, encoding_of
from app.tables.opening import Table, open_table
from app.tables.rows import Row, Unreadable
from app.tables.writing import BOM, guarded, line_of, unguarded

__all__ = [
    "BOM",
    "Row",
    "Table",
    "Unreadable",
    "decode",
    "encoding_of",
    "guarded",
    "line_of",
    "open_table",
    "rows_of",
    "unguarded",
]
