"""Answers: texts of facts brought to the words of their list."""

from typing import Final

import polars as pl

from carsequel.record.report import Report
from carsequel.terms.quantities import quantities

YES: Final = ("yes", "y", "true", "1", "present", "positive")
NO: Final = ("no", "n", "false", "0", "absent", "none")
SAME_ANSWER: Final = {
    "cmr": "CR",
    "pmr": "PR",
    "nmr": "SD",
    "pmd": "PD",
    "not detected": "not_detected",
    "undetected": "not_detected",
    "weak": "dim",
    "low": "dim",
    "not tested": "not_tested",
    "not biopsied": "not_biopsied",
    "neg": "negative",
    "pos": "positive",
}


def bring_texts_to_lists(rows: pl.DataFrame, report: Report) -> pl.DataFrame:
    """Bring a text to the spelling of its list; what is on no list stays as written and is doubted."""
    listed = {name: known.answers for name, known in quantities().items() if known.answers}
    texts = rows.with_row_index("_at").filter(pl.col("text").is_not_null()).filter(pl.col("name").is_in(list(listed)))
    if texts.is_empty():
        return rows
    pairs = texts.select("name", "text").unique()
    table = [(name, text, listed_answer(text, listed[name])) for name, text in pairs.iter_rows()]
    answers = pl.DataFrame(table, schema={"name": pl.String, "text": pl.String, "_answer": pl.String}, orient="row")
    for name, text, answer in answers.filter(pl.col("text") != pl.col("_answer")).sort("name", "text").iter_rows():
        if answer != text.lower():
            report.say(
                "converted", "facts", "text read as a word of its list", "nothing", name=name, was=text, now=answer
            )
    texts = texts.join(answers, on=["name", "text"], how="left", maintain_order="left")
    odd = pl.col("_answer").is_null()
    words = "text not in the list of this name, kept"
    report.note(texts, odd, "doubt", words, "use a word of the dictionary", was="text")
    changed = texts.filter(pl.col("_answer") != pl.col("text"))
    return rows.with_columns(rows["text"].scatter(changed["_at"], changed["_answer"]))


def listed_answer(text: str, answers: tuple[str, ...]) -> str | None:
    """Find the listed answer that a text means, or None.

    >>> listed_answer("CMR", ("CR", "PD")), listed_answer("No", ("none", "brief")), listed_answer("?", ("yes", "no"))
    ('CR', 'none', None)
    """
    folded = {answer.lower(): answer for answer in answers}
    plain = " ".join(text.lower().split())
    for candidate in (plain, plain.replace(" ", "_"), SAME_ANSWER.get(plain, "").lower()):
        if candidate in folded:
            return folded[candidate]
    if plain in YES:
        return folded.get("yes")
    if plain in NO:
        return folded.get("no", folded.get("none"))
    return None
