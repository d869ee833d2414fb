"""The command line: `carsequel VERB [INPUT] [options]`.

Exit status: 0 done; 1 done, with refused rows or patients that could not be answered (named); 2 could not run,
nothing written, one line saying why and what to do. Imports are made inside the verbs so that --help is quick.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from carsequel import __version__

app = typer.Typer(
    name="carsequel",
    help="What happens if CAR T-cell therapy fails: signs, causes, options, side effects, from a centre's own data.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Input = Annotated[
    Path, typer.Argument(help="course folder, .xlsx, or FHIR R4 (.json, .ndjson, gzip, folder)", metavar="INPUT")
]
Out = Annotated[Path, typer.Option("--out", help="folder to write into (default carsequel-out)")]
Definitions = Annotated[
    Path | None,
    typer.Option("--definitions", help="TOML of the centre's own defaults (carsequel definitions prints an example)"),
]
Patient = Annotated[str | None, typer.Option("--patient", help="only this patient")]
OUT = Path("carsequel-out")


def main() -> None:
    """Run the command line; an input that cannot be used ends with status 2 and one line."""
    try:
        app()
    except OSError as error:
        _stop(
            f"{error.strerror or type(error).__name__}: {Path(error.filename).name if error.filename else ''}",
            "check the path and its permissions",
        )
    except ValueError as error:
        if type(error).__name__ != "RecordError":
            raise
        _stop(str(error), getattr(error, "hint", ""))


def _stop(message: str, hint: str) -> None:
    print(f"carsequel: {message}{f' — {hint}' if hint else ''}", file=sys.stderr)
    raise SystemExit(2)


def _version(asked: bool) -> None:
    if asked:
        print(f"carsequel {__version__}")
        raise typer.Exit()


@app.callback()
def _top(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """Research and audit software; not a medical device."""


@app.command()
def new(folder: Annotated[Path, typer.Argument(help="folder to make", metavar="DIR")]) -> None:
    """Write an empty course folder with its data dictionary."""
    from carsequel.record import new_folder

    for path in new_folder(folder):
        print(path)


@app.command()
def check(source: Input, out: Out = OUT) -> None:
    """Read an input and report every row that was converted, refused or doubted."""
    from carsequel.services.checking import run_check

    raise typer.Exit(run_check(source, out))


@app.command()
def grade(
    source: Input,
    out: Out = OUT,
    format: Annotated[str, typer.Option("--format", help="csv, parquet or json")] = "csv",
    patient: Patient = None,
    compare: Annotated[
        Path | None, typer.Option("--compare", help="CSV of grades by hand: patient, criterion, value")
    ] = None,
    definitions: Definitions = None,
    registry: Annotated[
        str | None, typer.Option("--registry", help="ebmt or cibmtr, all periods; or with -d100, -6m, -yearly")
    ] = None,
    part: Annotated[int | None, typer.Option("--part", help="patients in memory at once (large folders)")] = None,
) -> None:
    """Grade every criterion that applies, for all patients at once."""
    from carsequel.services.grades import run_grade

    raise typer.Exit(run_grade(source, out, format, patient, compare, registry, part, definitions))


@app.command()
def report(
    source: Input,
    out: Out = OUT,
    patient: Patient = None,
    json: Annotated[bool, typer.Option("--json", help="also write ID.json")] = False,
    overrides: Annotated[Path | None, typer.Option("--overrides", help="CSV of overridden grades with reasons")] = None,
    definitions: Definitions = None,
    questions: Annotated[bool, typer.Option("--questions", help="also write plain answers to hand on")] = False,
) -> None:
    """Write one page a patient and an index page."""
    from carsequel.services.pages import run_report

    raise typer.Exit(run_report(source, out, patient, json, overrides, definitions, questions))


@app.command()
def causes(source: Input, out: Out = OUT, patient: Patient = None) -> None:
    """Write the causes part of the answer as a table and JSON."""
    from carsequel.services.parts import run_part

    raise typer.Exit(run_part("causes", source, out, patient))


@app.command()
def fit(source: Input, patient: Annotated[str, typer.Option("--patient", help="whom to fit")], out: Out = OUT) -> None:
    """Fit the model to one patient: posterior draws (Parquet) and the patient's page."""
    from carsequel.services.fitting import run_fit

    raise typer.Exit(run_fit(source, out, patient))


@app.command()
def options(source: Input, out: Out = OUT, patient: Patient = None) -> None:
    """Write the options part of the answer as a table and JSON."""
    from carsequel.services.parts import run_part

    raise typer.Exit(run_part("options", source, out, patient))


@app.command()
def trials(
    source: Input,
    out: Out = OUT,
    patient: Patient = None,
    files: Annotated[
        list[Path] | None, typer.Option("--trials", help="JSON: our format (docs/trials.md) or ClinicalTrials.gov v2")
    ] = None,
    packet: Annotated[
        bool, typer.Option("--packet", help="also write de-identified packets for a trial search")
    ] = False,
    recruiting: Annotated[bool, typer.Option("--recruiting", help="only trials that recruit or are about to")] = False,
    country: Annotated[str | None, typer.Option("--country", help="only trials with a place in this country")] = None,
    unverified: Annotated[bool, typer.Option("--unverified", help="apply criteria marked UNVERIFIED too")] = False,
) -> None:
    """Match trials against the record: yes, no or unknown a criterion, each with its reason and record row."""
    from carsequel.services.trials import Wanted, run_trials

    wanted = Wanted(tuple(files or ()), packet, recruiting, country, unverified)
    raise typer.Exit(run_trials(source, out, patient, wanted))


@app.command()
def simulate(
    disease: Annotated[str, typer.Option("--disease", help="LBCL, B-ALL, MCL or MM")],
    product: Annotated[str, typer.Option("--product", help="axi-cel, tisa-cel, ...")],
    arm: Annotated[list[str] | None, typer.Option("--arm", help="one or two arms, parts joined with + (docs)")] = None,
    n: Annotated[int, typer.Option("--n", help="virtual patients")] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="the same seed gives the same patients")] = 0,
    horizon: Annotated[float, typer.Option("--horizon", help="days followed")] = 730.0,
    delay: Annotated[float, typer.Option("--delay", help="days between failure and what is given for it")] = 0.0,
    trajectories: Annotated[bool, typer.Option("--trajectories", help="also write trajectories.parquet")] = False,
    cluster: Annotated[str | None, typer.Option("--cluster", help="address of a dask scheduler")] = None,
    records: Annotated[int, typer.Option("--records", help="also write records of so many patients, with truth")] = 0,
    errors: Annotated[bool, typer.Option("--errors", help="gaps, mixed units and errors in these records")] = False,
    causes: Annotated[
        bool | None, typer.Option("--causes/--no-causes", help="the cause of each failure (default: up to 20,000)")
    ] = None,
    out: Out = OUT,
) -> None:
    """Simulate SYNTHETIC patients of a disease and product, in one arm or in two on the same patients."""
    from carsequel.research.virtual_patients import Job
    from carsequel.services.simulating import run_simulate

    arms = arm or ["single"]
    if len(arms) > 2 or len(set(arms)) < len(arms):
        _stop("--arm is given more than twice, or twice the same", "give one arm or two different ones")
    jobs = [Job(disease, product, each, n, seed, horizon, delay) for each in arms]
    raise typer.Exit(run_simulate(jobs, out, trajectories, cluster, records, errors, causes))


@app.command()
def demo(
    out: Annotated[Path, typer.Option("--out", help="folder to write into")] = Path("carsequel-demo"),
    n: Annotated[int, typer.Option("--n", help="patients a disease")] = 3,
) -> None:
    """Make a small SYNTHETIC cohort and answer every patient of it."""
    from carsequel.services.demo import run_demo

    raise typer.Exit(run_demo(out, n))


@app.command()
def evidence(
    query: Annotated[list[str] | None, typer.Argument(help="words to look for", metavar="[QUERY]")] = None,
) -> None:
    """List published numbers that match all words, each with n, interval and source."""
    from carsequel.services.library import run_evidence

    raise typer.Exit(run_evidence(query or []))


@app.command()
def definitions() -> None:
    """Print an example of a definitions file: every named choice that a criterion offers, commented out."""
    from carsequel.services.definitions import run_definitions

    raise typer.Exit(run_definitions())


@app.command()
def doctor() -> None:
    """Say what is installed, which extras are missing, and try a tiny answer."""
    from carsequel.services.doctor import run_doctor

    raise typer.Exit(run_doctor())


if __name__ == "__main__":
    main()
