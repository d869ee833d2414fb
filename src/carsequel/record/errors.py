"""What is raised when an input cannot be read at all."""


class RecordError(ValueError):
    """An input that cannot be used: `str(error)` names it, `hint` says what to do next. Holds no patient value."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
