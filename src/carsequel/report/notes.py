"""Numbered footnotes: every source that a page cites, in the order in which the page first needs it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from markupsafe import Markup, escape

_SPLIT = re.compile(r"\s*[;,]\s*")
_LINK = re.compile(r"https://[^\s<>\"']+")


class Note(NamedTuple):
    number: int
    key: str
    citation: Markup


class Notes:
    """Collects the source keys of one page; `cite` gives the anchors, `listed` the notes they lead to."""

    def __init__(self, citations: Mapping[str, Any]) -> None:
        self._citations = citations
        self._order: dict[str, int] = {}

    def cite(self, keys: object) -> Markup:
        """Give the footnote anchors for one key or several (`S044; S040`, or a list); nothing for no key."""
        return Markup("").join(self._anchor(key) for key in _keys(keys))

    def listed(self) -> list[Note]:
        """Give the notes cited so far, then the sources that the answer brings but nothing on the page cites."""
        for key in self._citations:
            self._number(str(key))
        return [Note(number, key, _citation(self._citations.get(key))) for key, number in self._order.items()]

    def _number(self, key: str) -> int:
        return self._order.setdefault(key, len(self._order) + 1)

    def _anchor(self, key: str) -> Markup:
        number = self._number(key)
        return Markup('<a class="cite" href="#source-{}" title="{}">[{}]</a>').format(number, key, number)


def _keys(keys: object) -> Iterator[str]:
    parts = keys if isinstance(keys, (list, tuple)) else [keys]
    for part in parts:
        yield from (key for key in _SPLIT.split(str(part or "")) if key)


def _citation(told: object) -> Markup:
    """Give a citation with its web address as a link, whether it came as words or as a row of the source table."""
    if isinstance(told, Mapping):
        told = " ".join(str(told[part]) for part in ("citation", "doi", "url") if told.get(part))
    if not told:
        return Markup("citation not recorded")
    text = str(told)
    pieces, last = [], 0
    for found in _LINK.finditer(text):
        pieces += [escape(text[last : found.start()]), Markup('<a href="{0}">{0}</a>').format(found.group())]
        last = found.end()
    return Markup("").join([*pieces, escape(text[last:])])
