"""Garments and pictures as a model version would see them, made by hand."""

from __future__ import annotations

import zlib

import numpy as np

from ontology.decode import Answer
from tagger.audit.duplicates import Fingerprint
from tagger.audit.pictures import PictureMarks
from tagger.audit.seen import SeenPicture
from tagger.boxes import PixelBox
from tagger.known import Taught
from tagger.pipeline import Garment


def everything(ontology, *, but=()):
    values = {
        a.id: frozenset(v.id for v in a.values) for a in ontology.attributes if a.id not in but
    }
    leaves = frozenset(ontology.leaves)
    return Taught(
        categories=leaves,
        values=values,
        mentioned=values,
        mentioned_categories=leaves,
        carriers=dict.fromkeys(values, leaves),
    )


def garment(ontology, category, scores, *, sure=0.97, shown=0.8):
    """Give a garment; `scores` maps attributes to probabilities of values."""
    others = [leaf for leaf in ontology.leaves if leaf != category]
    return Garment(
        id=f"region-{category}",
        box=PixelBox(x0=10, y0=10, x1=90, y1=90),
        mask=None,
        primary=True,
        category=category,
        category_score=sure,
        attributes={
            name: tuple(Answer(value=v, score=p) for v, p in values.items() if p >= shown)
            for name, values in scores.items()
        },
        scores=scores,
        category_scores={category: sure, **dict.fromkeys(others, (1 - sure) / len(others))},
    )


def marks(**changes):
    fine = {
        "side_px": 600,
        "sharpness": 0.9,
        "noise": 0.1,
        "bright": 0.95,
        "contact": 0.0,
        "strokes": 0.0,
        "product": 0.4,
        "is_plain": True,
        "has_skin": False,
    }
    return PictureMarks(**(fine | changes))


def seen(reference, one, *, seed=None, parts=(), **changes):
    random = np.random.default_rng(zlib.crc32(reference.encode()) if seed is None else seed)
    return SeenPicture(
        reference=reference,
        garment=one,
        is_found=True,
        parts=parts,
        marks=marks(**changes),
        print=Fingerprint(
            bits=random.random(64) > 0.5,
            colours=np.full((8, 8, 3), random.random() * 255, dtype=np.float32),
        ),
    )
