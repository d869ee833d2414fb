"""The manual prints itself: CI fails where a page is stale."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_manual_is_fresh() -> None:
    command = [sys.executable, str(ROOT / "docs" / "manual" / "print_manual.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
