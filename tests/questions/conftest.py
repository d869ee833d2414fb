"""Small records and verdicts."""

from small_records import course, verdicts

__all__ = ["course", "verdicts"]
