"""Scans as seen from each infusion: lesions under one name through splits and mergers, uptake, spleen and marrow.

Days are whole calendar days from the infusion; a scan up to day 0 is before it. What was seen before an earlier
infusion belongs to that one.
"""

from typing import Final

import polars as pl

from carsequel.record.course import FAR, Course

KEYS: Final = ["patient", "infusion"]
DAY: Final = [*KEYS, "day"]
GROUP: Final = [*KEYS, "group"]
CASE: Final = [*KEYS, "baseline"]
SCAN: Final = [*CASE, "day"]
BASELINES: Final = pl.DataFrame({"baseline": ["last", "earliest"]})
SPLIT: Final = r"^(.*\d)[a-z]$"
EXTRANODAL: Final = r"(?i)extra-?\s?nodal|extra-?lymphatic"
NODAL: Final = r"(?i)\bnod(?:e|es|al)\b|lymph"


def has_scans(course: Course) -> bool:
    """Tell whether the record holds any scan: a lesion or a Deauville score."""
    return not course.lesions.is_empty() or course.has("deauville")


def lesions_since(course: Course, looks: pl.DataFrame) -> pl.DataFrame:
    """Give the dated lesion rows (mm) as seen from each infusion of `looks`: patient, infusion, day, lesion, group,
    ldi, sdi, kind, uptake (1-5, null for X), avid_unlikely (true for X), nodal (null where `site` does not say),
    source.

    `group` is the name under which a lesion is followed: `1a` and `1b` are pieces of a lesion `1`, `1+2` is the
    merger of `1` and `2` and stands for both on every scan. What was seen up to day 0 is not `new` afterwards.
    """
    rows = course.lesions.filter(pl.col("lesion").is_not_null()).unique()
    rows = _between_infusions(course, rows, looks)
    named = rows.join(_groups(rows), on=[*KEYS, "lesion"], how="left")
    extranodal = pl.col("site").str.contains(EXTRANODAL)
    kind = pl.col("kind").fill_null("target")
    before = (pl.col("day") <= 0).any().over(GROUP)
    whole = pl.col("group").str.contains("+", literal=True)
    return named.select(
        *DAY,
        "lesion",
        "group",
        "ldi",
        "sdi",
        "source",
        joined=whole | (pl.col("group") != pl.col("lesion")),
        kind=pl.when(before & (kind == "new")).then(pl.lit("other")).otherwise(kind),
        uptake=pl.col("uptake").cast(pl.Float64, strict=False),
        avid_unlikely=pl.col("uptake").eq("X").fill_null(False),
        nodal=pl.when(extranodal).then(False).when(pl.col("site").str.contains(NODAL)).then(True),
    )


def _between_infusions(course: Course, rows: pl.DataFrame, looks: pl.DataFrame) -> pl.DataFrame:
    """Give rows with their `day` from each infusion of `looks` that lies between the infusion before and the next."""
    seen = rows.drop("day", "infusion", strict=False).join(_windows(course, looks), on="patient", how="inner")
    inside = (pl.col("clock") < pl.col("_next")) & (pl.col("clock") > pl.col("_before"))
    return _dated(seen.filter(inside))


def _windows(course: Course, looks: pl.DataFrame) -> pl.DataFrame:
    """The days (on the first infusion's clock) of each infusion of `looks`, of the one before it and of the next."""
    windows = course.clock.sort(KEYS).select(
        *KEYS,
        _from="day",
        _next=pl.col("next_day").fill_null(float("inf")),
        _before=pl.col("day").shift(1).over("patient").fill_null(float("-inf")),
    )
    return windows.join(looks, on=KEYS, how="semi")


def _dated(rows: pl.DataFrame) -> pl.DataFrame:
    since = pl.col("clock") - pl.col("_from")
    return rows.filter(since.is_not_null()).with_columns(day=since.floor().cast(pl.Int64))


def _groups(rows: pl.DataFrame) -> pl.DataFrame:
    """Give the group of every lesion name of a patient and infusion."""
    names = rows.select(*KEYS, "lesion").unique()
    stems = names.select(*KEYS, stem="lesion", _known=pl.lit(True))
    names = names.with_columns(stem=pl.col("lesion").str.extract(SPLIT, 1))
    names = names.join(stems, on=[*KEYS, "stem"], how="left")
    single = pl.when(pl.col("_known")).then("stem").otherwise("lesion")
    part = single.str.split("+").list.eval(pl.element().str.strip_chars())
    names = names.with_columns(part=part, _single=single).with_columns(_size=pl.col("part").list.len())
    parts = names.explode("part")
    merged = parts.sort("_size", "_single", descending=[True, False]).unique([*KEYS, "part"], keep="first")
    merged = merged.select(*KEYS, "part", group="_single")
    return parts.join(merged, on=[*KEYS, "part"], how="left").group_by(*KEYS, "lesion").agg(pl.col("group").min())


def measures(lesions: pl.DataFrame) -> pl.DataFrame:
    """Give one row per group and scan day: longest `ldi` and `sdi` (mm), product `ppd_low` to `ppd_high` (mm2, the
    pieces summed; a missing short diameter lies between 0 and the long one), `measured`, `names`, `kind`, `nodal`,
    `joined`, `uptake` (highest), `avid_unlikely` and `source` (list)."""
    both = pl.col("ldi") * pl.col("sdi")
    none = pl.col("ldi") == 0
    low = pl.when(none).then(0.0).otherwise(both.fill_null(0.0))
    high = pl.when(none).then(0.0).otherwise(pl.coalesce(both, pl.col("ldi") ** 2))
    rows = lesions.with_columns(_low=low, _high=high)
    pieces = rows.group_by(*DAY, "group", "lesion").agg(
        pl.col("ldi", "sdi", "_low", "_high").max(),
        pl.col("kind").min(),
        pl.col("nodal").all(ignore_nulls=False),
        pl.col("joined").any(),
        pl.col("uptake").max(),
        pl.col("avid_unlikely").all(),
        pl.col("source"),
    )
    return pieces.group_by(*DAY, "group").agg(
        pl.col("ldi", "sdi").max(),
        ppd_low=pl.col("_low").sum(),
        ppd_high=pl.when(pl.col("ldi").is_not_null().all()).then(pl.col("_high").sum()),
        measured=pl.col("ldi").is_not_null().all(),
        names=pl.col("lesion").sort().str.join(" and "),
        kind=pl.col("kind").filter(pl.col("kind") != "new").max().fill_null("new"),
        nodal=pl.col("nodal").all(ignore_nulls=False),
        joined=pl.col("joined").any(),
        uptake=pl.col("uptake").max(),
        avid_unlikely=pl.col("avid_unlikely").all(),
        source=pl.col("source").list.explode(keep_nulls=False, empty_as_null=False),
    )


def facts_of_scans(course: Course, looks: pl.DataFrame) -> pl.DataFrame:
    """Give the usable facts that scans rest on beside lesions (Deauville, SUVmax, spleen, marrow) with their `day` as
    seen from each infusion of `looks`."""
    told = ("patient", "infusion", "clock", "name", "value", "text", "source")
    rows = course.facts_since("deauville", "suvmax", "spleen", "marrow_involved", before=FAR, columns=told, of=looks)
    seen = rows.join(_windows(course, looks), on=KEYS, how="inner", maintain_order="left")
    return _dated(seen.filter(pl.col("clock") > pl.col("_before"))).select(*DAY, "name", "value", "text", "source")


def uptake_days(facts: pl.DataFrame, lesions: pl.DataFrame) -> pl.DataFrame:
    """Give per infusion and day the Deauville score (the highest of the overall score and of lesions that are not
    new), `suvmax` and `source` (list); only days with a score."""
    stated = facts.filter(pl.col("name") == "deauville").select(*DAY, "source", score="value")
    seen = lesions.filter(pl.col("kind") != "new").select(*DAY, "source", score="uptake")
    scores = pl.concat([stated, seen]).filter(pl.col("score").is_not_null())
    days = scores.group_by(DAY).agg(pl.col("score").max(), pl.col("source"))
    suv = facts.filter(pl.col("name") == "suvmax").group_by(DAY).agg(suvmax=pl.col("value").max())
    return days.join(suv, on=DAY, how="left")


def spleen_days(facts: pl.DataFrame) -> pl.DataFrame:
    """Give per infusion and day the length of the spleen (cm, the longest): patient, infusion, day, spleen."""
    rows = facts.filter((pl.col("name") == "spleen") & pl.col("value").is_not_null())
    return rows.group_by(DAY).agg(spleen=pl.col("value").max())


def marrow_days(facts: pl.DataFrame) -> pl.DataFrame:
    """Give per infusion and day whether lymphoma was in the marrow: patient, infusion, day, marrow (true, false)."""
    rows = facts.filter((pl.col("name") == "marrow_involved") & pl.col("text").is_in(["yes", "no"]))
    return rows.group_by(DAY).agg(marrow=(pl.col("text") == "yes").any())
