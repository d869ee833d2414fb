"""Survival after failure as a statistical projection: few published anchors, and words where they are silent."""

from carsequel.options.after_failure.project import project_option, survival_after_failure

__all__ = ["project_option", "survival_after_failure"]
