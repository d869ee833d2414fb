"""Tables that are shipped inside the package as CSV, read once."""

from functools import cache
from importlib.resources import files
from io import BytesIO

import polars as pl


@cache
def read_table(package: str, name: str) -> pl.DataFrame:
    """Give a shipped CSV as a frame of text columns, empty cells as null.

    `package` is the dotted package that holds it (`carsequel.terms`), `name` the file name. Columns are read as
    text so that a code like `0540T` or `1e-5` is never reinterpreted; callers cast what they compute with.

    >>> read_table("carsequel.terms", "quantities.csv").columns[:2]
    ['name', 'kind']
    """
    data = files(package).joinpath(name).read_bytes()
    return pl.read_csv(BytesIO(data), infer_schema=False)
