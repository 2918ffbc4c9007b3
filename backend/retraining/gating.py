"""Compare a candidate with the live version on garments that neither was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ontology.model import Ontology
    from tagger.corrections import CorrectedGarment
    from tagger.gate_pairs import CellOutcome

__all__ = ["paired_outcomes"]

Rows = Mapping[str, "NDArray[np.floating]"]


def paired_outcomes(
    live: Mapping[str, Any],
    candidate: Mapping[str, Any],
    garments: Sequence[CorrectedGarment],
    *,
    live_rows: Rows,
    candidate_rows: Rows,
    ontology: Ontology,
) -> tuple[list[CellOutcome], list[CellOutcome]]:
    """Say what both versions answer to the same garments.

    Args:
        live: The version that serves, as `tagger.loading.load_parts` gives it.
        candidate: Likewise.
        garments: Blind ones and ground truths; those without embeddings are left out.
        live_rows: Embeddings by the live version's encoder, by garment id.
        candidate_rows: Embeddings by the candidate's.
        ontology: What the labels are written in.
    """
    both = [one for one in garments if one.id in live_rows and one.id in candidate_rows]
    return (
        _outcomes(live, both, live_rows, ontology),
        _outcomes(candidate, both, candidate_rows, ontology),
    )


def _outcomes(
    parts: Mapping[str, Any],
    garments: Sequence[CorrectedGarment],
    rows: Rows,
    ontology: Ontology,
) -> list[CellOutcome]:
    from tagger.gate_cells import cell_outcomes
    from tagger.refit_heads import head_logits

    if not garments:
        return []
    embeddings = np.stack([rows[garment.id] for garment in garments]).astype(np.float32)
    category, values = head_logits(parts["model"], embeddings)
    return cell_outcomes(
        parts["scorer"],
        garments,
        category_logits=category,
        value_logits=values,
        known=parts["real"],
        ontology=ontology,
    )
