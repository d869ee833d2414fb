"""Small records and verdicts, and the neighbours here that ask a trial of them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from small_records import course, verdicts

__all__ = ["course", "verdicts"]
