"""What a final record holds, and what it is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = [
    "PRECEDENCE",
    "ClaimFault",
    "ProductRecord",
    "RecordCell",
    "RecordState",
    "Said",
    "Source",
]


class Source(StrEnum):
    """Who said something.

    Attributes:
        REVIEWER: A reviewer decided it.
        GROUND_TRUTH: An annotation that is marked as ground truth.
        ANNOTATORS: All annotators who looked agree.
        MODEL: A model version.
        SELLER: The seller's claim.
    """

    REVIEWER = "reviewer"
    GROUND_TRUTH = "ground_truth"
    ANNOTATORS = "annotators"
    MODEL = "model"
    SELLER = "seller"


PRECEDENCE = tuple(Source)
"""The first source that has an answer gives the record's."""


class RecordState(StrEnum):
    """What is known about a cell of a record.

    Attributes:
        VALUE: A person or the seller gave it.
        CANNOT_TELL: Somebody looked and could not tell, and the seller says nothing.
        NOT_APPLICABLE: The category does not have the attribute.
        MISSING: Nobody said, and the model shows nothing.
        AUTO_ACCEPTED: The model is sure enough by its version's promise.
        UNDECIDED: Somebody should look; the reasons say why.
    """

    VALUE = "value"
    CANNOT_TELL = "cannot_tell"
    NOT_APPLICABLE = "not_applicable"
    MISSING = "missing"
    AUTO_ACCEPTED = "auto_accepted"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one source says about one head of one product, from one picture or from none.

    Attributes:
        head: `category` or an attribute's id.
        by: Names of people, the model version, or the seller.
        values: Ids; none where nothing was chosen.
        is_cannot_tell: Somebody looked and could not tell.
        refused: Ids that a person took away.
        score: The model's calibrated probability of the values, 0..1.
        is_sure: The model's promise accepts it.
        contradicted: Why a claim is not to be believed; empty if nothing speaks against it.
        rank: Among several reviewers the highest counts, then the latest.
        picture: Where it was seen; empty for what was not seen.
    """

    head: str
    source: Source
    by: str
    values: tuple[str, ...] = ()
    is_cannot_tell: bool = False
    refused: frozenset[str] = frozenset()
    score: float | None = None
    is_sure: bool = False
    contradicted: str = ""
    rank: tuple[int, int] = (0, 0)
    picture: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordCell:
    """One cell of a record.

    Attributes:
        values: Ids, in the ontology's order; none unless the state is `value` or `auto_accepted`.
        source: Who gave the values or could not tell; None if nobody did.
        by: Names of people, the model version, or the seller.
        confidence: The model's calibrated probability of the values where it gave one, 0..1.
        reasons: Codes, and after a colon what they are about.
        suggestion: What the model or the seller would put where it is undecided.
    """

    values: tuple[str, ...] = ()
    state: RecordState = RecordState.MISSING
    source: Source | None = None
    by: str = ""
    confidence: float | None = None
    reasons: tuple[str, ...] = ()
    suggestion: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFault:
    """What speaks against something that a refused listing says, or does not say.

    Attributes:
        head: `category` or an attribute's id.
        claim: The seller's words; empty for what is missing.
        seen: Ids that hold instead; empty if nobody knows.
    """

    head: str
    claim: str = ""
    seen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductRecord:
    """What is known about one product.

    Attributes:
        product_id: The seller's, or the picture where no product is known.
        pictures: Its views, in order of names.
        category: The category's cell.
        cells: One for every attribute of the ontology.
        rejected: Codes of the reasons for which a reviewer refused the listing.
        faults: Of a refused listing, what its seller may be told, the surest first.
    """

    product_id: str
    seller: str = ""
    pictures: tuple[str, ...] = ()
    category: RecordCell
    cells: Mapping[str, RecordCell] = field(default_factory=dict)
    rejected: tuple[str, ...] = ()
    faults: tuple[ClaimFault, ...] = ()
