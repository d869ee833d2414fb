"""What every test shares: one polars thread a worker, the golden tables and plain twins to import, how long to search.

`pytest --hypothesis-profile more` searches twenty times as long.
"""

import os
import sys
from pathlib import Path

# Frames of a test are tiny: a second thread costs more than it computes, and the workers would fight for the cores.
# Set before anything imports polars, which reads it once.
os.environ.setdefault("POLARS_MAX_THREADS", "1")
# The model is asked for by the tests that are about it, with small banks; elsewhere it would only cost time.
os.environ["CARSEQUEL_BANK"] = "0"

from hypothesis import settings

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE / "golden"), str(HERE / "reference")]

settings.register_profile("moderate", max_examples=15, deadline=None)
settings.register_profile("more", max_examples=300, deadline=None)
settings.load_profile("moderate")
