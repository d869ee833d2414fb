"""One patient's clones in plain Python: which are whole numbers, when they are drawn, who arrives.

Without chance: which are none, and when they begin.
"""

import math

from carsequel.mechanism.form import Model
from carsequel.mechanism.kernel import births, draws
from carsequel.mechanism.solution import Floats

Law = list[tuple[float, float, float]]


class Clones:
    """The clones of one patient, who draws by an address (seed, patient).

    `at` are their columns in the state; the row of cumulative influx of clone c stands at `size + c`.
    """

    def __init__(self, model: Model, address: tuple[int, int]) -> None:
        self.size = len(model.state_names)
        self.at = [model.state_names.index(name) for name in model.clones]
        self.seed, self.patient = address
        n = len(self.at)
        self.whole = [False] * n
        self.arrived = [0] * n
        self.due = [math.inf] * n
        self.since, self.hazard = [0.0] * n, [0.0] * n
        self.birth, self.death = [0.0] * n, [0.0] * n
        self.cell, self.count = [-1] * n, [0] * n

    def _pair(self, clone: int, purpose: int, cell: int, count: int) -> tuple[float, float]:
        return draws.uniforms(self.seed, self.patient, clone, purpose, cell, count)

    def _next_count(self, clone: int, t: float) -> tuple[int, int]:
        cell = math.floor(t / births.GRID)
        self.count[clone] = self.count[clone] + 1 if cell == self.cell[clone] else 0
        self.cell[clone] = cell
        return cell, self.count[clone]

    def _wait(self, clone: int) -> None:
        u, _ = self._pair(clone, draws.INFLUX, 0, self.arrived[clone])
        self.due[clone] = (0.0 if self.arrived[clone] == 0 else self.due[clone]) - math.log(u)

    def begin(self, y: Floats) -> None:
        """Draw the starting counts."""
        for clone, at in enumerate(self.at):
            if y[at] < births.DRAWN_BELOW:
                y[at] = births.poisson(float(y[at]), *self._pair(clone, draws.START, 0, 0))
            self.whole[clone] = bool(y[at] < births.CONTINUOUS_FROM)
            self._wait(clone)

    def look(self, t: float, y: Floats, law: Law) -> None:
        """Begin a new stretch of every whole clone at `t`."""
        for clone in range(len(self.at)):
            self._stretch(clone, t, y, law)

    def _stretch(self, clone: int, t: float, y: Floats, law: Law) -> None:
        self.since[clone], self.hazard[clone] = t, float(y[self.size + clone])
        self.birth[clone], self.death[clone] = float(law[clone][0]), float(law[clone][1])

    def counted(self, y: Floats) -> bool:
        """Say whether some clone is whole and not zero."""
        return any(whole and y[at] > 0 for whole, at in zip(self.whole, self.at))

    def next_draw(self, t: float, y: Floats, latest_event: float) -> float:
        """Give the next day of the grid at which a count is due, infinity if there is none to count."""
        return births.next_draw(t, latest_event) if self.counted(y) else math.inf

    def on_grid(self, t: float) -> bool:
        """Say whether t is a day of the grid."""
        return t % births.GRID == 0.0

    def levels(self, floors: Floats) -> list[float]:
        """Give for each state the level below which it may not fall unseen."""
        levels: list[float] = floors.tolist()
        for clone, at in enumerate(self.at):
            levels[at] = -math.inf if self.whole[clone] else births.WHOLE_BELOW
        return levels

    def waiting(self, y: Floats) -> list[float]:
        """Give the cumulative influx at which the next cell arrives in each empty clone."""
        empty = [whole and y[at] == 0 for whole, at in zip(self.whole, self.at)]
        return [due if none else math.inf for due, none in zip(self.due, empty)]

    def fallen(self, row: int, t: float, y: Floats, law: Law) -> None:
        """Turn a clone that has fallen to the threshold into that whole number."""
        clone = self.at.index(row)
        y[row] = births.WHOLE_BELOW
        self.whole[clone] = True
        self._stretch(clone, t, y, law)

    def arrive(self, clone: int, t: float, y: Floats, law: Law) -> None:
        """Let the first cell of an empty clone arrive."""
        y[self.at[clone]] = 1.0
        y[self.size + clone] = self.due[clone]
        self.arrived[clone] += 1
        self._wait(clone)
        self._stretch(clone, t, y, law)

    def draw(self, t: float, y: Floats, law: Law) -> None:
        """Draw what every counted clone has become since its stretch began, arrivals included, and begin the next."""
        for clone, at in enumerate(self.at):
            if not self.whole[clone] or y[at] <= 0 or t <= self.since[clone]:
                continue
            birth, death = (self.birth[clone] + law[clone][0]) / 2, (self.death[clone] + law[clone][1]) / 2
            days = t - self.since[clone]
            u, v = self._pair(clone, draws.STEP, *self._next_count(clone, self.since[clone]))
            y[at] = births.divide_and_die(float(y[at]), birth, death, days, u, v) + self._newcomers(
                clone, float(y[self.size + clone]), birth, death, days
            )
            self.whole[clone] = bool(y[at] < births.CONTINUOUS_FROM)
            self._stretch(clone, t, y, law)

    def _newcomers(self, clone: int, hazard: float, birth: float, death: float, days: float) -> float:
        new = 0.0
        while self.due[clone] <= hazard:
            left = days * (hazard - self.due[clone]) / (hazard - self.hazard[clone])
            u, _ = self._pair(clone, draws.FAMILY, 0, self.arrived[clone])
            new += births.family_of_one(birth, death, left, u)
            self.arrived[clone] += 1
            self._wait(clone)
        return new

    def jumped(self, t: float, before: Floats, y: Floats) -> None:
        """Make whole numbers of what an event did to small clones."""
        for clone, at in enumerate(self.at):
            if y[at] == before[at]:
                continue
            u, v = self._pair(clone, draws.JUMP, *self._next_count(clone, t))
            y[at] = births.after_jump(float(before[at]), float(y[at]), self.whole[clone], u, v)
            limit = births.CONTINUOUS_FROM if self.whole[clone] else births.WHOLE_BELOW
            self.whole[clone] = bool(y[at] < limit)


class Expected(Clones):
    """The clones of one patient without chance: below its floor a clone is none (`whole`), and it begins again with as
    many cells as its floor when its influx has brought as many."""

    def __init__(self, model: Model) -> None:
        super().__init__(model, (0, 0))
        self.floors = [float(model.floors.get(name, 1.0)) for name in model.clones]

    def begin(self, y: Floats) -> None:
        """Make what starts below its floor none."""
        for clone in range(len(self.at)):
            self._settle(clone, y)

    def _settle(self, clone: int, y: Floats) -> None:
        if y[self.at[clone]] >= self.floors[clone]:
            self.whole[clone] = False
            return
        if not self.whole[clone]:
            self.due[clone] = float(y[self.size + clone]) + self.floors[clone]
        y[self.at[clone]], self.whole[clone] = 0.0, True

    def counted(self, y: Floats) -> bool:
        """Nothing is ever drawn."""
        return False

    def levels(self, floors: Floats) -> list[float]:
        """Give for each state the level below which it may not fall unseen."""
        levels: list[float] = floors.tolist()
        for at, floor in zip(self.at, self.floors):
            levels[at] = floor
        return levels

    def fallen(self, row: int, t: float, y: Floats, law: Law) -> None:
        """Make a clone that has fallen to its floor none."""
        y[row] = 0.0
        self._settle(self.at.index(row), y)

    def arrive(self, clone: int, t: float, y: Floats, law: Law) -> None:
        """Let a clone begin again."""
        y[self.at[clone]], self.whole[clone] = self.floors[clone], False

    def jumped(self, t: float, before: Floats, y: Floats) -> None:
        """Make none what an event left below its floor, and continuous what it brought above."""
        for clone in range(len(self.at)):
            self._settle(clone, y)
