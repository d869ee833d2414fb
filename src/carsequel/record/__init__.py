"""Reading, writing and checking records: nothing above this room knows a file format."""

from carsequel.record.course import Course
from carsequel.record.errors import RecordError
from carsequel.record.overrides import read_overrides
from carsequel.record.read import read
from carsequel.record.write import new_folder, write_course

__all__ = ["Course", "RecordError", "new_folder", "read", "read_overrides", "write_course"]
