"""Where everything of a block of patients lies: one memory of rows, each row as wide as there are lanes.

The first rows are single numbers of each lane (below, by name); then come blocks, whose first rows `Layout` gives.
"""

from dataclasses import dataclass, field

from carsequel.mechanism.kernel.trace import Traced

(
    TIME,  # day
    STEP,  # length of the next step, as the controller wants it
    STOP,  # day at which the lane must stop: an event, a draw, a crossing, the end
    NEXT_OUTPUT,  # day of the next output, infinity when none is left
    USED,  # length of the step just tried
    NEW_TIME,  # day at its end
    NEW_STEP,
    NEW_SIZE,  # logarithm of its error in units of the tolerance
    OLD_SIZE,
    GROW,  # how much the step may grow at most
    TAKEN,  # 1 where the step just tried holds
    HIT,  # 1 where it ends at the stop
    CROSSED,  # 1 where a state crossed its level
    BAD,  # 1 where the lane cannot go on
    ACTIVE,  # 1 where the lane holds a patient
    RENEW,  # 1 where the first stage must be computed afresh
    KIND,  # which jump acts now, -1 none, the number of jumps: the start
    AMOUNT,
    GUESS,  # a first length of step
    TRIED,  # steps tried
    STAGE_TIME,
    RTOL,
    MOST_STEPS,
    PENDING,  # 1 where the columns have yet to take over the end of the step before
    SINGLE,
) = range(25)

# Blocks of a tangent column, each as high as there are states; k1 .. k7 are 1 to 7, `DIRECT` is that of stage 2.
TANGENT_Z, TANGENT_DIRECT, TANGENT_OUT, TANGENT_SEEDS = 8, 9, 15, 16
STAGES_AFTER_FIRST = 6


@dataclass(frozen=True)
class Layout:
    """First rows of the blocks of a traced model with so many lanes and so many tangent columns.

    `integrated` rows are the states and then the cumulative influx of those clones that have any (`influx`: their
    numbers). A tangent column has the blocks y, k1 .. k7, z, f2 .. f7 (direct derivatives), out and seeds, one after
    the other; the moving derivatives by the state stand once for each stage from the second on.
    """

    traced: Traced
    lanes: int
    columns: int
    influx: tuple[int, ...]
    hoisted: dict[int, int] = field(default_factory=dict)
    jacobian: dict[int, int] = field(default_factory=dict)

    @property
    def states(self) -> int:
        """How many states there are."""
        return len(self.traced.rates)

    @property
    def floored(self) -> list[int]:
        """The columns of the states that have a floor."""
        return [self.traced.model.state_names.index(name) for name in self.traced.model.floors]

    @property
    def integrated(self) -> int:
        """How many rows are integrated."""
        return self.states + len(self.influx)

    @property
    def y(self) -> int:
        """The state."""
        return SINGLE

    def k(self, stage: int) -> int:
        """The change at stage 1 to 7."""
        return self.y + stage * self.integrated

    @property
    def z(self) -> int:
        """The state at a stage, and at the end of the step."""
        return self.y + 8 * self.integrated

    @property
    def out(self) -> int:
        """The state at the next output."""
        return self.y + 9 * self.integrated

    @property
    def atol(self) -> int:
        """Absolute tolerances."""
        return self.y + 10 * self.integrated

    @property
    def level(self) -> int:
        """For each integrated row the level whose crossing must be met: falling for states, rising for influx."""
        return self.y + 11 * self.integrated

    @property
    def whole(self) -> int:
        """1 for each clone that is a whole number now."""
        return self.y + 12 * self.integrated

    @property
    def given(self) -> int:
        """What is being given."""
        return self.whole + len(self.traced.turnover)

    @property
    def parameter(self) -> int:
        """The parameters."""
        return self.given + len(self.traced.model.given_names)

    @property
    def turnover(self) -> int:
        """Birth, death and influx of each clone."""
        return self.parameter + len(self.traced.model.parameters)

    @property
    def column(self) -> int:
        """The first tangent column."""
        return self.turnover + 3 * len(self.traced.turnover)

    @property
    def stride(self) -> int:
        """Rows of one tangent column."""
        return TANGENT_SEEDS * self.states + self.columns

    @property
    def shared(self) -> int:
        """The moving derivatives by the state at the second stage; those of later stages follow."""
        return self.column + self.columns * self.stride

    @property
    def fixed(self) -> int:
        """Terms that are computed once for several uses, and stay between events."""
        return self.shared + STAGES_AFTER_FIRST * len(self.jacobian)

    def rows(self) -> int:
        """How many rows there are, once every term has its place."""
        return self.fixed + len(self.hoisted)

    def input_row(self, kind: str, index: int, states: int, time: int) -> int:
        """The row of an input, with the state read from `states` and time from `time`."""
        rows = {
            "state": states,
            "time": time,
            "given": self.given,
            "parameter": self.parameter,
            "amount": AMOUNT,
        }
        return rows[kind] + index
