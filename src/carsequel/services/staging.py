"""Writing all or nothing: files are made in a hidden folder and moved into place when all of them are whole."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from carsequel.record.errors import RecordError


def check_out(out: Path, source: Path) -> Path:
    """Give the output folder; refuse one inside the input folder, or a file in its place."""
    target, inside = out.resolve(), source.resolve()
    if inside.is_dir() and (target == inside or inside in target.parents):
        raise RecordError("the output folder lies inside the input", "give another folder with --out")
    if target.exists() and not target.is_dir():
        raise RecordError("the output is a file, not a folder", "give a folder with --out")
    return out


@contextmanager
def staged(out: Path) -> Iterator[Path]:
    """Give a folder to write into; on leaving without an error its files replace those of the same name in `out`.

    On an error nothing in `out` changes and the made files are removed.
    """
    made_parent = not out.exists()
    out.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=".carsequel-", dir=out.parent))
    try:
        yield stage
        out.mkdir(parents=True, exist_ok=True)
        for path in sorted(stage.iterdir()):
            os.replace(path, out / path.name)
    except BaseException:
        if made_parent and out.is_dir() and not any(out.iterdir()):
            out.rmdir()
        raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)
