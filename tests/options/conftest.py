"""The small records and verdicts that this folder shares with its neighbour."""

from small_records import course, verdicts

__all__ = ["course", "verdicts"]
