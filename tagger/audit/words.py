"""Match sellers' own words to the ontology; what does not match is listed, never guessed.

The order is: id, label, alias or translation; the same without a plural ending or without a word
that only names the attribute; several values in one cell; a slip of spelling, if exactly one entry
is that near.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ontology.model import normalise_name
from tagger.audit.columns import CATEGORY

if TYPE_CHECKING:
    from ontology.model import Category, Ontology, Value
    from tagger.sources.description import DatasetDescription

__all__ = ["Claim", "ClaimReader"]

_EMPTY = frozenset({"", "-", "--", "n/a", "na", "nan", "null", "unknown", "not applicable", "tbd"})
_BETWEEN = re.compile(r"\s*(?:[,;/|+&]|\band\b|\bwith\b)\s*", re.IGNORECASE)
_MIN_SIMILAR = 79.0
_MIN_LEAD = 6.0
_MIN_LETTERS = 4
_FILLERS = frozenset({"coloured", "colored", "colour", "color", "pattern", "print", "style"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one cell says.

    Attributes:
        attribute: `category` or an attribute's id.
        text: The seller's words.
        options: Each thing that is named, as the set of ids that it may mean.
        unknown: Parts that match nothing.
        spelled: (word, label) where a slip of spelling was read as the label.
    """

    attribute: str
    text: str
    options: tuple[frozenset[str], ...] = ()
    unknown: tuple[str, ...] = ()
    spelled: tuple[tuple[str, str], ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """All ids that are named, sorted."""
        return tuple(sorted(frozenset().union(*self.options)))

    def said(self, option: frozenset[str] | None = None) -> str:
        """Give the words in quotes, and what they were read as where they are another name.

        Args:
            option: The one that is meant where several things are named; all of them if absent.
        """
        options = self.options if option is None else (option,)
        read = ", ".join(" or ".join(sorted(one)) for one in options)
        if option is not None and len(self.options) > 1:
            return f"{self.text!r} ({read})"
        is_same = not read or _letters(self.text) == _letters(read)
        return repr(self.text) if is_same else f"{self.text!r} (read as {read})"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vocabulary:
    """Spellings of one column and what each means."""

    meanings: Mapping[str, frozenset[str]]
    fillers: frozenset[str]
    labels: Mapping[str, str] = field(default_factory=dict)

    def find(self, text: str) -> frozenset[str] | None:
        for candidate in _variants(text, self.fillers):
            if candidate in self.meanings:
                return self.meanings[candidate]
        return None

    def nearest(self, text: str) -> tuple[frozenset[str], str] | None:
        """Find the entry that a slip of spelling may have meant, if there is just one."""
        from rapidfuzz.fuzz import ratio

        name = normalise_name(text)
        if len(name) < _MIN_LETTERS:
            return None
        best: dict[frozenset[str], tuple[float, str]] = {}
        for spelling, meaning in self.meanings.items():
            score = ratio(name, spelling)
            if score > best.get(meaning, (0.0, ""))[0]:
                best[meaning] = (score, spelling)
        ranked = sorted(((s, w, m) for m, (s, w) in best.items()), key=lambda one: -one[0])
        if not ranked or ranked[0][0] < _MIN_SIMILAR:
            return None
        if len(ranked) > 1 and ranked[0][0] - ranked[1][0] < _MIN_LEAD:
            return None
        return ranked[0][2], ranked[0][1]


class ClaimReader:
    """Reads claims with an ontology's names and, where given, a source's own words."""

    def __init__(
        self, ontology: Ontology, *, description: DatasetDescription | None = None
    ) -> None:
        """Build the vocabularies.

        Args:
            ontology: Its labels, aliases and translations are understood.
            description: Words of a source, which come first; each may stand for several ids.
        """
        own = _own_words(description)
        self._columns = {
            CATEGORY: _vocabulary(ontology.categories, own.get(CATEGORY, {}), frozenset())
        }
        for attribute in ontology.attributes:
            fillers = {*normalise_name(attribute.label).split(), *attribute.id.split("_")}
            self._columns[attribute.id] = _vocabulary(
                attribute.values, own.get(attribute.id, {}), frozenset(fillers) | _FILLERS
            )

    def read_all(self, words: Mapping[str, str]) -> dict[str, Claim]:
        """Read a listing's words by `category` or attribute id; what says nothing is left out."""
        read = {name: self.read(name, text) for name, text in words.items()}
        return {name: claim for name, claim in read.items() if claim is not None}

    def read(self, attribute: str, text: str) -> Claim | None:
        """Read a cell; None where it says nothing.

        Args:
            attribute: `category` or an attribute's id.
            text: The seller's words.
        """
        if normalise_name(text) in _EMPTY:
            return None
        words = self._columns[attribute]
        whole = words.find(text)
        if whole is not None:
            return Claim(attribute=attribute, text=text, options=(whole,))
        parts = [part for part in _BETWEEN.split(text) if normalise_name(part) not in _EMPTY]
        if len(parts) < 2 or not any(words.find(part) for part in parts):
            parts = [text]
        return _read_parts(attribute, text, parts, words)


def _read_parts(attribute: str, text: str, parts: Iterable[str], words: _Vocabulary) -> Claim:
    options, unknown, spelled = [], [], []
    for part in parts:
        meaning = words.find(part)
        if meaning is None and (near := words.nearest(part)) is not None:
            meaning = near[0]
            spelled.append((part, near[1]))
        if meaning is None:
            unknown.append(part)
        elif meaning not in options:
            options.append(meaning)
    return Claim(
        attribute=attribute,
        text=text,
        options=tuple(options),
        unknown=tuple(unknown),
        spelled=tuple(spelled),
    )


def _letters(name: str) -> str:
    """Reduce a name to what tells it apart, so that `T-shirts` is the id `tshirt`."""
    return _singular(re.sub(r"[\W_]+", "", normalise_name(name)))


def _variants(text: str, fillers: frozenset[str]) -> Iterable[str]:
    """Give the name, then without hyphens, plural endings and words that only fill."""
    name = normalise_name(text)
    yield name
    plain = normalise_name(re.sub(r"[^\w\s/]+|_", " ", name))
    yield plain
    yield plain.replace(" ", "")
    yield _singular(plain)
    words = [word for word in plain.split() if _singular(word) not in fillers]
    if words and len(words) < len(plain.split()):
        yield " ".join(words)
        yield _singular(" ".join(words))


def _singular(name: str) -> str:
    if name.endswith("ies") and len(name) > 4:
        return f"{name[:-3]}y"
    if name.endswith(("sses", "shes", "ches", "xes")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith("ss") and len(name) > 3 else name


def _vocabulary(
    entries: Iterable[Category | Value],
    own: Mapping[str, frozenset[str]],
    fillers: frozenset[str],
) -> _Vocabulary:
    entries = list(entries)
    meanings: dict[str, frozenset[str]] = {}

    def add(spelling: str, meaning: frozenset[str]) -> None:
        if spelling and spelling not in meanings:
            meanings[spelling] = meaning

    for word, meaning in own.items():
        add(normalise_name(word), meaning)
    rewrites: tuple[Callable[[str], str], ...] = (
        normalise_name,
        lambda name: normalise_name(re.sub(r"[^\w\s/]+|_", " ", name)),
        lambda name: normalise_name(re.sub(r"[^\w/]+|_", "", name)),
        lambda name: _singular(normalise_name(re.sub(r"[^\w\s/]+|_", " ", name))),
    )
    for rewrite in rewrites:
        for entry in entries:
            for name in (entry.id, entry.label, *entry.aliases, *entry.translations.values()):
                add(rewrite(name), frozenset({str(entry.id)}))
    return _Vocabulary(meanings=meanings, fillers=fillers)


def _own_words(
    description: DatasetDescription | None,
) -> dict[str, dict[str, frozenset[str]]]:
    """Give a source's words by column."""
    if description is None:
        return {}
    return {column: description.vocabulary(column) for column in description.columns()}
