"""The house: a folder imports lower floors only, and folders on one floor never import each other."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "carsequel"
FLOORS = {
    "terms": 0,
    "record": 1,
    "evidence": 1,
    "signs": 2,
    "side_effects": 2,
    "risks": 2,
    "mechanism": 2,
    "grading": 3,
    "inference": 3,
    "causes": 4,
    "research": 4,
    "options": 5,
    "cohort": 5,
    "registry": 5,
    "synthetic": 5,
    "answering": 6,
    "report": 7,
    "services": 8,
}
FILES = sorted(path for path in SOURCE.rglob("*.py") if path.parent != SOURCE or path.stem in FLOORS)


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            names = [node.module or ""]
            if node.module == "carsequel":
                names = [f"carsequel.{each.name}" for each in node.names if not each.name.startswith("__")]
        elif isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        rooms |= {name.split(".")[1] for name in names if name.startswith("carsequel.")}
    return rooms


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_go_down_only(path: Path) -> None:
    mine = room_of(path)
    assert mine in FLOORS, f"room {mine} has no floor"
    for room in imported_rooms(path) - {mine}:
        assert room in FLOORS, f"{mine} imports the unknown room {room}"
        assert FLOORS[room] < FLOORS[mine], f"{mine} (floor {FLOORS[mine]}) imports {room} (floor {FLOORS[room]})"


def test_every_room_stands_on_a_floor() -> None:
    rooms = {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert rooms <= set(FLOORS)
    assert len(FILES) > 40


def test_no_room_above_the_record_knows_a_file_format() -> None:
    for path in FILES:
        if FLOORS[room_of(path)] in (2, 3, 4, 5, 6):
            text = path.read_text(encoding="utf-8")
            assert "read_csv" not in text and "read_parquet" not in text and "import orjson" not in text, path.name
