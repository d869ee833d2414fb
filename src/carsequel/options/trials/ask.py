"""A leaf put to all patients at once: the reading it needs, and yes, no or unknown for each."""

import numpy as np
from numpy.typing import NDArray

from carsequel.options.trials.conditions_now import read_condition
from carsequel.options.trials.kleene import UNKNOWN, Truth, all_of, settled, truth_of
from carsequel.options.trials.measures import read_measure, read_number
from carsequel.options.trials.moment import Moment, Numbers, Reading
from carsequel.options.trials.support import free_of_support
from carsequel.options.trials.therapies import read_therapy
from carsequel.options.trials.trial import BOUNDS, Leaf, known_facts
from carsequel.options.trials.words import read_antigen, read_stated, read_word


def reading_of(moment: Moment, leaf: Leaf) -> Reading:
    """Give the reading a leaf asks for; readings are kept with the moment, so that many leaves share one."""
    fact, asks = leaf.fact, leaf.asks
    kind = known_facts()[fact]["kind"]
    if fact == "measured":
        return moment.once(("measured", asks["name"]), lambda: read_measure(moment, str(asks["name"])))
    if fact == "stated":
        return moment.once(("stated", asks["name"]), lambda: read_stated(moment, str(asks["name"])))
    if kind == "number":
        return moment.once(fact, lambda: read_number(moment, fact))
    if kind == "word" or fact == "conditions":
        word = "disease" if fact == "conditions" else fact
        return moment.once(word, lambda: read_word(moment, word))
    if kind == "antigen":
        return moment.once(("antigen", asks["antigen"]), lambda: read_antigen(moment, str(asks["antigen"])))
    if kind == "therapy":
        return moment.once(("therapy", asks["therapy"]), lambda: read_therapy(moment, str(asks["therapy"])))
    if kind == "condition":
        return moment.once(("active", asks["condition"]), lambda: read_condition(moment, str(asks["condition"])))
    return moment.once(
        fact, lambda: moment.aligned(moment.people.clear(), "not a rule here: read the text of the trial itself")
    )


def ask(moment: Moment, leaf: Leaf) -> Truth:
    """Give yes, no or unknown for every patient. A value older than `within_days` says nothing."""
    reading = reading_of(moment, leaf)
    kind = known_facts()[leaf.fact]["kind"]
    if kind == "number":
        return _number(moment, leaf, reading)
    if kind in ("word", "antigen") or leaf.fact == "conditions":
        return _word(moment, leaf, reading)
    if leaf.fact == "washout":
        return _washout(moment, float(leaf.asks["at_least"]), reading)
    if kind == "registry":
        return np.full(moment.size, UNKNOWN, dtype=np.int8)
    return settled(reading.low >= 1, reading.high <= 0)


def too_old(moment: Moment, leaf: Leaf, reading: Reading) -> NDArray[np.bool_]:
    """Tell whose value is older than the leaf allows, or of unknown age where it sets a limit."""
    within = leaf.asks.get("within_days")
    if within is None:
        return np.zeros(moment.size, dtype=np.bool_)
    age = np.floor(moment.as_of) - np.floor(reading.day)
    return np.asarray(~(age <= float(within)), dtype=np.bool_)


def _number(moment: Moment, leaf: Leaf, reading: Reading) -> Truth:
    low, high = reading.low, reading.high
    if leaf.asks.get("times_uln"):
        low, high = (np.asarray(reading.rows[n].fill_null(float("nan")).to_numpy()) for n in ("low_uln", "high_uln"))
        known = reading.rows["no_uln"].fill_null(True).to_numpy()
        low, high = np.where(known, np.nan, low), np.where(known, np.nan, high)
    parts = [within_bound(name, float(leaf.asks[name]), low, high) for name in BOUNDS if name in leaf.asks]
    parts += [free_of_support(moment, kind, float(n), reading) for kind, n in (leaf.asks.get("free_of") or {}).items()]
    found = all_of(parts, moment.size)
    return truth_of(np.where(too_old(moment, leaf, reading), UNKNOWN, found))


def within_bound(name: str, bound: float, low: Numbers, high: Numbers) -> Truth:
    """Give whether numbers known as low to high lie within one bound; NaN is unknown.

    >>> low, high = np.array([1.0, 0.0, np.nan]), np.array([1.0, 2.0, np.nan])
    >>> within_bound("at_most", 1, low, high).tolist(), within_bound("above", 2, low, high).tolist()
    ([2, 1, 1], [0, 0, 1])
    """
    with np.errstate(invalid="ignore"):
        if name == "at_least":
            return settled(low >= bound, high < bound)
        if name == "above":
            return settled(low > bound, high <= bound)
        if name == "at_most":
            return settled(high <= bound, low > bound)
        return settled(high < bound, low >= bound)


def _word(moment: Moment, leaf: Leaf, reading: Reading) -> Truth:
    registry = leaf.fact == "conditions"
    wanted = [str(each) for each in leaf.asks["diseases" if registry else "one_of"]]
    words = reading.rows["words"]
    known = words.is_not_null().to_numpy()
    has = words.list.set_intersection(wanted).list.len().fill_null(0).to_numpy() > 0
    if registry:
        return settled(has, np.zeros(moment.size, dtype=np.bool_))
    usable = known & ~too_old(moment, leaf, reading) & _fit(leaf, reading)
    return settled(has & usable, ~has & usable)


def _fit(leaf: Leaf, reading: Reading) -> NDArray[np.bool_]:
    """Tell whose antigen was read as the leaf asks: by its method, and after every drug against the antigen."""
    fit = np.ones(len(reading.low), dtype=np.bool_)
    if leaf.asks.get("since_last_drug"):
        # A loss stays a loss whatever was given since; only a present antigen must be read again.
        gone = reading.rows["word"].is_in(["absent", "epitope_lost"]).fill_null(False).to_numpy()
        fit = reading.rows["since_all"].fill_null(False).to_numpy() | gone
    methods = leaf.asks.get("method")
    if methods:
        told = reading.rows["method"].fill_null("").str.to_lowercase()
        wanted = [methods] if isinstance(methods, str) else list(methods)
        named = np.zeros(len(fit), dtype=np.bool_)
        for word in wanted:
            named |= told.str.contains(str(word).lower(), literal=True).to_numpy()
        fit = fit & named
    return np.asarray(fit, dtype=np.bool_)


def _washout(moment: Moment, days: float, reading: Reading) -> Truth:
    ended = reading.rows["ended"].fill_null(float("nan")).to_numpy()
    never = reading.rows["never"].fill_null(False).to_numpy()
    with np.errstate(invalid="ignore"):
        recent = np.floor(moment.as_of) - np.floor(reading.day) < days
        long_ago = np.floor(moment.as_of) - np.floor(ended) >= days
    dated = long_ago & ~reading.rows["undated"].fill_null(True).to_numpy()
    after = moment.covered(("drug",), moment.as_of - days, moment.as_of)
    after = after & moment.covered(("therapy",), moment.as_of - days, moment.as_of)
    return settled(never | (reading.high <= 0) | (dated & after), recent)
