"""Runs every criterion that applies and passes findings sideways: the day of failure ends late ICAHT and dates PC-PI.

Each tuple below is a room; adding a criterion is one line.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, NamedTuple

import polars as pl

from carsequel.record.course import Course
from carsequel.risks.car_hematotox import score_car_hematotox
from carsequel.risks.cll_ipi import score_cll_ipi
from carsequel.risks.easix import score_easix
from carsequel.risks.flipi import score_flipi
from carsequel.risks.hct_ci import score_hct_ci
from carsequel.risks.ipi import score_ipi
from carsequel.risks.iss import score_iss
from carsequel.risks.mipi import score_mipi
from carsequel.risks.mycare import score_mycare
from carsequel.risks.pc_pi import score_pc_pi
from carsequel.risks.tumour_volume import assess_tumour_volume
from carsequel.side_effects.crs import crs_resolved, grade_crs
from carsequel.side_effects.ctcae import grade_ctcae, terms
from carsequel.side_effects.cytopenia import assess_cytopenia
from carsequel.side_effects.cytopenia_timing import assess_cytopenia_timing
from carsequel.side_effects.delayed_neurotoxicity import assess_delayed_neurotoxicity
from carsequel.side_effects.enterocolitis import assess_enterocolitis
from carsequel.side_effects.exposure import assess_unresolved_at_failure, count_steroid_days
from carsequel.side_effects.hlh import assess_hlh
from carsequel.side_effects.hscore import score_hscore
from carsequel.side_effects.icaht_early import grade_icaht_early
from carsequel.side_effects.icaht_late import grade_icaht_late
from carsequel.side_effects.icans import grade_icans, icans_resolved
from carsequel.side_effects.iec_hs import assess_iec_hs
from carsequel.side_effects.immune_deficiency import assess_cd4, assess_igg
from carsequel.side_effects.infection import assess_infection_density
from carsequel.side_effects.late import assess_late_function
from carsequel.side_effects.platelets import grade_t_icaht_early, grade_t_icaht_late
from carsequel.side_effects.recovery import assess_recovery
from carsequel.side_effects.reported import report_outcomes
from carsequel.side_effects.second_malignancy import assess_second_malignancy
from carsequel.side_effects.stated import stated_grades
from carsequel.signs.b_cell_aplasia import assess_b_cell_aplasia
from carsequel.signs.ball_mrd import assess_ball_mrd
from carsequel.signs.cll import assess_iwcll
from carsequel.signs.ctdna import assess_ctdna
from carsequel.signs.expansion import score_expansion
from carsequel.signs.failure import assess_failure, failure_findings, verdict_of_record
from carsequel.signs.imwg import assess_imwg
from carsequel.signs.imwg_mrd import assess_imwg_mrd
from carsequel.signs.leukemia import assess_ball_cibmtr, assess_ball_eln, assess_ball_nci
from carsequel.signs.lugano import assess_lugano
from carsequel.signs.lyric import assess_lyric
from carsequel.signs.mrd import assess_mrd
from carsequel.terms.choices import Choices, ChoicesError, changing, check_choices, contradicts, departing
from carsequel.terms.defaults import NAMED, choose_defaults
from carsequel.terms.findings import join_findings
from carsequel.terms.lists import DISEASES

Criterion = Callable[[Course], pl.DataFrame]
Run = tuple[Callable[..., pl.DataFrame], tuple[Any, ...]]
TimedCriterion = Callable[[Course, pl.DataFrame], pl.DataFrame]

SIGNS: Final[tuple[Criterion, ...]] = (
    assess_imwg,
    assess_imwg_mrd,
    assess_ball_eln,
    assess_ball_cibmtr,
    assess_ball_nci,
    assess_ball_mrd,
    assess_iwcll,
    assess_mrd,
    assess_ctdna,
    score_expansion,
    assess_b_cell_aplasia,
)
SIGNS_UNTIL: Final[tuple[TimedCriterion, ...]] = (assess_lugano, assess_lyric)
SIDE_EFFECTS: Final[tuple[Criterion, ...]] = (
    grade_crs,
    grade_icans,
    grade_icaht_early,
    grade_ctcae,
    assess_cytopenia,
    assess_cytopenia_timing,
    assess_recovery,
    assess_hlh,
    score_hscore,
    assess_iec_hs,
    assess_infection_density,
    assess_igg,
    assess_cd4,
    assess_enterocolitis,
    assess_delayed_neurotoxicity,
    assess_second_malignancy,
    assess_late_function,
    report_outcomes,
    count_steroid_days,
)
RISKS: Final[tuple[Criterion, ...]] = (
    score_car_hematotox,
    score_easix,
    score_ipi,
    score_flipi,
    score_mipi,
    score_iss,
    score_mycare,
    score_cll_ipi,
    score_hct_ci,
    assess_tumour_volume,
)
SIDE_EFFECTS_UNTIL: Final[tuple[TimedCriterion, ...]] = (grade_icaht_late, grade_t_icaht_early, grade_t_icaht_late)
LYMPHOMA: Final = ("LBCL", "FL", "MCL")
ONLY_FOR: Final[dict[Callable[..., pl.DataFrame], tuple[str, ...]]] = {
    assess_imwg: ("MM",),
    assess_imwg_mrd: ("MM",),
    score_iss: ("MM",),
    score_mycare: ("MM",),
    assess_ball_eln: ("B-ALL",),
    assess_ball_cibmtr: ("B-ALL",),
    assess_ball_nci: ("B-ALL",),
    assess_ball_mrd: ("B-ALL",),
    assess_iwcll: ("CLL",),
    score_cll_ipi: ("CLL",),
    score_flipi: ("FL",),
    score_mipi: ("MCL",),
    score_ipi: LYMPHOMA,
    score_pc_pi: LYMPHOMA,
    assess_tumour_volume: LYMPHOMA,
    assess_lugano: LYMPHOMA,
    assess_lyric: LYMPHOMA,
}
ON_REQUEST: Final[dict[tuple[str, str, str], tuple[Callable[..., pl.DataFrame], dict[str, Any]]]] = {
    ("crs.astct2019", "hypotension", "stated"): (grade_crs, {"hypotension": "stated"}),
    ("imwg.2016", "urine", "if_measured"): (assess_imwg, {"urine": "if_measured"}),
    ("imwg.2016", "nadir", "lowest"): (assess_imwg, {"nadir": "lowest"}),
    ("ball.eln2024", "extramedullary", "if_recorded"): (assess_ball_eln, {"extramedullary": "if_recorded"}),
    ("ball.cibmtr", "extramedullary", "if_recorded"): (assess_ball_cibmtr, {"extramedullary": "if_recorded"}),
    ("ball.nci2010", "extramedullary", "if_recorded"): (assess_ball_nci, {"extramedullary": "if_recorded"}),
    ("lugano.2014", "confirm", "next_scan"): (assess_lugano, {"confirmed": True}),
    **{(f"ctcae5.{term}", "version", "6"): (grade_ctcae, {"version": 6}) for term in terms(6)},
}
ORDER: Final = ("patient", "infusion", "criterion", "kind", "definition", "period", "start")


class Graded(NamedTuple):
    """A graded record: all findings, those of failure among the signs, ordered by patient; the same findings room by
    room; the verdict of every definition of failure, and the one verdict an infusion."""

    findings: pl.DataFrame
    signs: pl.DataFrame
    side_effects: pl.DataFrame
    risks: pl.DataFrame
    definitions: pl.DataFrame
    verdicts: pl.DataFrame


def grade_record(course: Course, definitions: Mapping[str, Any] | None = None) -> Graded:
    """Run every criterion that applies on all patients at once; one row a finding, columns of the contract.

    `definitions` are a centre's own named choices, `{criterion: {name: choice}}`: they move the default. Raises
    ChoicesError (a ValueError) for what no criterion offers.
    """
    chosen = check_choices(definitions or {})
    verdicts_each = assess_failure(course)
    verdicts = verdict_of_record(verdicts_each)
    failures = verdicts.filter(pl.col("state") == "failed").select("patient", "infusion", "day").drop_nulls("day")
    ended = _ended(verdicts)
    runs: list[list[Run]] = [
        [(criterion, (course,)) for criterion in SIGNS] + [(criterion, (course, ended)) for criterion in SIGNS_UNTIL],
        [(criterion, (course,)) for criterion in SIDE_EFFECTS]
        + [(criterion, (course, ended)) for criterion in SIDE_EFFECTS_UNTIL],
        [(criterion, (course,)) for criterion in RISKS] + [(score_pc_pi, (course, failures))],
    ]
    found = [join_findings(parts) for parts in _run(course, runs)]
    asked = [join_findings(parts) for parts in _run(course, _requested(chosen, runs))]
    rooms = [_added(*both) for both in zip(found, asked, strict=True)]
    for room in rooms:
        _refuse_ungraded(room, chosen)
    signs, effects, risks = (choose_defaults(room, _departing(chosen)) for room in rooms)
    unresolved = assess_unresolved_at_failure(effects, failures, _resolved(course, chosen))
    signs = join_findings([failure_findings(verdicts_each), signs])
    effects = join_findings([effects, unresolved, stated_grades(course)])
    findings, signs, effects, risks = _ordered([signs, effects, risks])
    return Graded(findings, signs, effects, risks, verdicts_each, verdicts)


def _resolved(course: Course, chosen: Choices) -> pl.DataFrame:
    """When the episodes of CRS and ICANS were resolved, by every definition that was graded."""
    frames = [crs_resolved(course), icans_resolved(course)]
    if chosen.get("crs.astct2019", {}).get("hypotension") == "stated":
        frames.append(crs_resolved(course, hypotension="stated"))
    return pl.concat(frames)


def _requested(chosen: Choices, rooms: list[list[Run]]) -> list[list[Run]]:
    """The runs that a centre's choices ask for and that no criterion gives unasked, in the room of that criterion."""
    wanted: dict[Callable[..., pl.DataFrame], dict[str, Any]] = {}
    for (criterion, name, choice), (function, given) in ON_REQUEST.items():
        if chosen.get(criterion, {}).get(name) == choice:
            wanted.setdefault(function, {}).update(given)
    return [[(partial(run[0], **wanted[run[0]]), run[1]) for run in room if run[0] in wanted] for room in rooms]


def _added(found: pl.DataFrame, asked: pl.DataFrame) -> pl.DataFrame:
    """Add the findings of definitions that are not among `found`."""
    if asked.is_empty():
        return found
    return join_findings([found, asked.join(found.select(NAMED).unique(), on=NAMED, how="anti")])


def _departing(chosen: Choices) -> Choices:
    """The choices that are not the shipped ones: only they can move a default."""
    told: Choices = {}
    for criterion, name, choice in departing(chosen):
        told.setdefault(criterion, {})[name] = choice
    return told


def _refuse_ungraded(findings: pl.DataFrame, chosen: Choices) -> None:
    """Raise ChoicesError where definitions of one kind spell the choices that depart from the shipped ones, each of
    them some, but none all: a default that follows one would leave the others out without a word."""
    departed = _departing(chosen)
    named = findings.filter(pl.col("criterion").is_in(list(departed))).select(NAMED).unique().drop_nulls().sort(NAMED)
    for (criterion, _), own in named.group_by("criterion", "kind", maintain_order=True):
        wanted = changing(chosen[str(criterion)], str(criterion))
        words = {f"{name}={choice}" for name, choice in departed[str(criterion)].items()}
        spelled = {definition: words & set(definition.split()) for definition in own["definition"]}
        told = set[str]().union(*spelled.values())
        if told and not any(spelled[each] == told and not contradicts(each, wanted) for each in spelled):
            together = ", ".join(f"{name} = {choice}" for name, choice in wanted.items())
            raise ChoicesError(f"{criterion} is not graded with {together} together", "choose one of them")


def _run(course: Course, rooms: list[list[Run]]) -> list[list[pl.DataFrame]]:
    """Run the criteria of each room whose diseases occur, in order."""
    present = set(course.patients["disease"].to_list())
    everyone = bool(present - set(DISEASES))
    chosen = [[run for run in room if everyone or present & set(ONLY_FOR.get(run[0], DISEASES))] for room in rooms]
    return [[criterion(*given) for criterion, given in room] for room in chosen]


def _ended(verdicts: pl.DataFrame) -> pl.DataFrame:
    """The day (patient, infusion, censor_day) on which progression or a new therapy ends what is counted."""
    rows = verdicts.filter(pl.col("state").is_in(["failed", "new_therapy_without_progression"]))
    return rows.select("patient", "infusion", censor_day=pl.coalesce("day", "day_low")).drop_nulls("censor_day")


def _ordered(rooms: list[pl.DataFrame]) -> list[pl.DataFrame]:
    """Give all findings in order, and those of each room in the same order (sorting all of them once is what costs)."""
    numbered = pl.concat([room.with_columns(_room=pl.lit(number)) for number, room in enumerate(rooms)])
    ordered = numbered.sort(ORDER, nulls_last=True, maintain_order=True)
    parts = [ordered.filter(pl.col("_room") == number) for number in range(len(rooms))]
    return [frame.drop("_room") for frame in (ordered, *parts)]


def grade(course: Course, definitions: Mapping[str, Any] | None = None) -> pl.DataFrame:
    """Give the findings of every criterion that applies, all patients at once; `definitions` as in `grade_record`."""
    return grade_record(course, definitions).findings
