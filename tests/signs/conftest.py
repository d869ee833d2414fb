"""Lets the tests of this folder import the golden tables and the plain twins."""

import sys
from pathlib import Path

HERE = Path(__file__).parents[1]
sys.path[:0] = [str(HERE / "golden"), str(HERE / "reference")]
