"""Say what an id that does not exist may have meant."""

from __future__ import annotations

from collections.abc import Iterable

from ontology.model import normalise_name

__all__ = ["or_which"]

_MAX_NEAR = 3
_MAX_LISTED = 40


def or_which(given: str, known: Iterable[str]) -> str:
    """Give the end of an error line: the ids that are nearly spelt so, else those there are.

    Args:
        given: What does not exist.
        known: What does, in the order in which it is to be listed.
    """
    from difflib import get_close_matches

    ids = list(known)
    wanted = normalise_name(given).replace(" ", "_").replace("-", "_")
    near = get_close_matches(wanted, ids, n=_MAX_NEAR, cutoff=0.75)
    if near:
        return f"did you mean {' or '.join(near)}?"
    more = " ..." if len(ids) > _MAX_LISTED else ""
    return f"expected one of {', '.join(ids[:_MAX_LISTED])}{more}"
