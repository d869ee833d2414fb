"""What verbs print to."""

import os
import sys

from rich.console import Console


def console() -> Console:
    """Give the console that verbs print to; plain text where the output is not a terminal."""
    width = None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "120"))
    return Console(width=width, highlight=False)
