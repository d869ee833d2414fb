"""carsequel trials: trials against the record, with a reason per criterion, and packets for a trial search."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import polars as pl

from carsequel.grading import grade_record
from carsequel.options.trials import Moment, Trial, TrialError, TrialMatch, is_study, read_study, read_trial
from carsequel.options.trials.packet import packet_rows
from carsequel.record import Course, RecordError
from carsequel.report.index import safe_name
from carsequel.report.trials import packet_text, render_packet, render_trials
from carsequel.services.reading import open_input, say_refusals
from carsequel.services.screen import console
from carsequel.services.staging import check_out, staged

MOST_PAGES: Final = 500
RECRUITING: Final = ("RECRUITING", "ENROLLING_BY_INVITATION", "NOT_YET_RECRUITING", "AVAILABLE")


class Wanted(NamedTuple):
    """What was asked: files of trials (none: the shipped examples), filters, and whether packets are to be written."""

    files: Sequence[Path] = ()
    packet: bool = False
    recruiting: bool = False
    country: str | None = None
    unverified: bool = False


def run_trials(source: Path, out: Path, patient: str | None, wanted: Wanted) -> int:
    """Write `trials.csv`, one page a patient with the reasons (at most 500 patients) and, where asked for, packets with
    `packets.csv`, which alone says whose each is. Gives the exit status."""
    check_out(out, source)
    trials = [trial for trial in read_trials(wanted.files, wanted.unverified) if _wanted(trial, wanted)]
    if not trials:
        raise RecordError("no trial is left after the filters", "widen --country or leave --recruiting out")
    opened = open_input(source, patient)
    graded = grade_record(opened.course)
    moment = Moment(opened.course, graded.verdicts, graded.side_effects)
    match = TrialMatch(moment, trials)
    dead = _dead(opened.course)
    with staged(out) as folder:
        _table(match, dead).write_csv(folder / "trials.csv")
        for name in opened.able[:MOST_PAGES]:
            page = _page(match, name, not wanted.files, name in dead)
            (folder / f"trials-{safe_name(name)}.html").write_text(page, encoding="utf-8")
        if wanted.packet:
            _write_packets(moment, opened.able, folder)
    screen = console()
    answers = ("yes", "unknown", "no")
    counts = {a: int((match.verdicts == code).sum()) for a, code in zip(answers, (2, 1, 0), strict=True)}
    screen.print(f"{len(trials)} trials x {moment.size} patients: {counts['yes']} not excluded, "
                 f"{counts['unknown']} wait for a fact, {counts['no']} excluded: {out / 'trials.csv'}")  # fmt: skip
    if not wanted.files:
        screen.print("these are examples, no list of open trials; give your own with --trials FILE (docs/trials.md)")
    if len(opened.able) > MOST_PAGES:
        screen.print(f"pages were written for the first {MOST_PAGES} patients; --patient ID writes another")
    say_refusals(opened.course, opened.unable)
    return opened.status


def read_trials(paths: Sequence[Path], unverified: bool = False) -> list[Trial]:
    """Give the trials of JSON files, of our own format or the registry's API version 2, one or many a file; without
    files the shipped examples. Raises RecordError that names the file."""
    if not paths:
        folder = files("carsequel.options.trials").joinpath("examples")
        shipped = sorted(folder.iterdir(), key=lambda each: each.name)
        return [read_trial(orjson.loads(each.read_bytes()), unverified) for each in shipped]
    found: list[Trial] = []
    for path in paths:
        try:
            told = orjson.loads(path.read_bytes())
            found += [read_study(one) if is_study(one) else read_trial(one, unverified) for one in _many(told)]
        except orjson.JSONDecodeError as error:
            raise RecordError(
                f"{path.name} is not JSON", "give a trial of docs/trials.md or a registry download"
            ) from error
        except TrialError as error:
            raise RecordError(f"{path.name}: {error}", "docs/trials.md shows the format") from error
    ids = [trial.id for trial in found]
    if len(set(ids)) < len(ids):
        raise RecordError("two trials share an id", "give each trial once")
    return found


def _many(told: Any) -> list[Any]:
    if isinstance(told, dict):
        for name in ("studies", "trials"):
            if isinstance(told.get(name), list):
                return list(told[name])
    return list(told) if isinstance(told, list) else [told]


def _wanted(trial: Trial, wanted: Wanted) -> bool:
    if wanted.recruiting and trial.about.get("recruitment") not in RECRUITING:
        return False
    places = trial.about.get("locations") or []
    country = (wanted.country or "").lower()
    return not country or any(str(place.get("country") or "").lower() == country for place in places)


def _dead(course: Course) -> set[str]:
    rows = course.facts.filter((pl.col("name") == "event") & (pl.col("text") == "death"))
    return set(rows["patient"].to_list())


def _table(match: TrialMatch, dead: set[str]) -> pl.DataFrame:
    about = {trial.id: trial for trial in match.trials}
    rows = match.table()

    def told(column: str, of: dict[str, Any]) -> pl.Expr:
        return pl.col("trial").replace_strict(of, return_dtype=pl.String).alias(column)

    return rows.with_columns(
        told("recruitment", {name: trial.about.get("recruitment") for name, trial in about.items()}),
        told("source", {name: trial.source for name, trial in about.items()}),
        told("read_on", {name: trial.read_on for name, trial in about.items()}),
        note=pl.when(pl.col("patient").is_in(sorted(dead))).then(pl.lit("a death is on record")),
    )


def _page(match: TrialMatch, patient: str, examples: bool, died: bool) -> str:
    place = match.moment.people["patient"].index_of(patient)
    answers = ("no", "unknown", "yes")
    rows = [
        {
            **trial._asdict(),
            "match": answers[int(match.verdicts[at, place])],
            "rows": match.reasons(patient, trial),
        }
        for at, trial in enumerate(match.trials)
    ]
    as_of = match.moment.people["as_of"].to_list()[place or 0]
    synthetic = match.moment.course.synthetic
    return render_trials(patient, rows, as_of=as_of, examples=examples, died=died, synthetic=synthetic)


def _write_packets(moment: Moment, patients: Sequence[str], folder: Path) -> None:
    names = []
    for at, patient in enumerate(patients, start=1):
        rows, name = packet_rows(moment, patient), f"packet-{at:04d}"
        synthetic = moment.course.synthetic
        (folder / f"{name}.html").write_text(render_packet(rows, synthetic), encoding="utf-8")
        (folder / f"{name}.txt").write_text(packet_text(rows, synthetic), encoding="utf-8")
        names.append({"patient": patient, "packet": name})
    pl.DataFrame(names, schema={"patient": pl.String, "packet": pl.String}).write_csv(folder / "packets.csv")
