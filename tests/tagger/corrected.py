"""Corrected lamps with made-up embeddings: each category and value has a direction of its own."""

from __future__ import annotations

import hashlib

import numpy as np
import torch

from ontology.labels import CellLabel, CellState, GarmentLabel
from ontology.targets import layout
from tagger.corrections import CorrectedGarment
from tagger.known import Taught
from tagger.loading import encoder_digest, save_version
from tagger.memory import ReplayMemory
from tagger.model import AttributeModel, ModelConfig
from tagger.refit_heads import RefitConfig, fit_heads, prepare
from tagger.scoring import Calibration

CHANNELS = 1280
QUICK = RefitConfig(steps=120, batch_size=128)
NOTHING = Taught(
    categories=frozenset(),
    values={},
    mentioned={},
    mentioned_categories=frozenset(),
    carriers={},
)


def direction(word: str) -> np.ndarray:
    """Give a word's direction, the same in every process."""
    seed = int(hashlib.sha256(word.encode()).hexdigest()[:8], 16)
    return np.random.default_rng(seed).normal(size=CHANNELS).astype(np.float32)


def embedding(*words: str, seed: int = 0, noise: float = 0.3) -> np.ndarray:
    """Give a vector that shows some words, (1280,)."""
    random = np.random.default_rng((seed, 7))
    shown = sum((direction(word) for word in words), np.zeros(CHANNELS, dtype=np.float32))
    found = 0.3 * shown + noise * random.normal(size=CHANNELS)
    return found.astype(np.float16)


def label(category: str = "", **values: str) -> GarmentLabel:
    """Label a lamp with one value an attribute."""
    return GarmentLabel(
        categories=frozenset({category} - {""}),
        cells={
            name: CellLabel(state=CellState.VALUE, any_of=frozenset({value}))
            for name, value in values.items()
        },
    )


def garment(number: int, said: GarmentLabel, vector: np.ndarray | None, **changes) -> object:
    """Make a corrected garment of a picture of its own."""
    plain = {
        "id": f"ledger/1.5/{number}/r",
        "image": f"/data/upload/1/{number}.png",
        "digest": "",
        "image_wh": (100, 100),
        "box_percent": (0.0, 0.0, 100.0, 100.0),
        "label": said,
        "is_blind": False,
        "is_moved": False,
        "region_id": "r",
        "embedding": vector,
        "encoder": "",
    }
    return CorrectedGarment(**{**plain, **changes})


CATEGORIES = ("desk_lamp", "floor_lamp")
SHADES = ("cone", "drum")
STANDS = ("base",)


def lamps_seen(count: int, *, start: int = 0, shades=SHADES, **changes) -> list:
    """Make lamps of every category and shade, labelled as what they show."""
    made = []
    for number in range(start, start + count):
        category = CATEGORIES[number % 2]
        shade = shades[(number // 2) % len(shades)]
        vector = embedding(category, shade, seed=number)
        made.append(garment(number, label(category, shade=shade, stand="base"), vector, **changes))
    return made


def taught(lamps, *, shades=SHADES, categories=CATEGORIES) -> Taught:
    """Say that some categories and shades were taught, forty labels each."""
    values = {"shade": frozenset(shades), "stand": frozenset(STANDS)}
    return Taught(
        categories=frozenset(categories),
        values=values,
        mentioned=values,
        mentioned_categories=frozenset(categories),
        carriers=dict.fromkeys(values, frozenset({"desk_lamp", "floor_lamp", "lantern"})),
        counts={
            "category": dict.fromkeys(categories, 40),
            "shade": dict.fromkeys(shades, 40),
            "stand": dict.fromkeys(STANDS, 80),
        },
    )


def write_live(folder, lamps, *, with_memory: bool = True, calibration=None):
    """Write a version whose heads know two categories and two shades, and give its directory."""
    torch.manual_seed(3)
    config = ModelConfig(image_size=32, attention_width=16, branch_width=4)
    model = AttributeModel(config, layout(lamps)).eval()
    known = taught(lamps)
    seen = lamps_seen(80)
    rows = np.stack([one.embedding for one in seen])
    data = prepare(model, lamps, garments=seen, embeddings=rows, memory=rows[:0], taught=known)
    fit_heads(model, data, config=RefitConfig(steps=120, batch_size=128, pull=0.0))
    encoder = encoder_digest(model)
    return save_version(
        folder,
        version="live",
        model=model,
        ontology=lamps,
        calibration=calibration or Calibration(),
        real=known,
        rendered=NOTHING,
        describe={"data": [], "training": {}, "metrics": {}},
        memory=ReplayMemory.of(rows, encoder=encoder, size=40) if with_memory else None,
    )
