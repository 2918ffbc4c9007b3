"""What a source's rows teach about its words, and when that counts."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from tagger import habits

LABELS = ("casual", "sports")
MIN_CELLS = habits._MIN_CELLS


class Shop:
    """A source whose embedding tells its words apart, or does not, and a model beside it."""

    def __init__(
        self,
        *,
        held=400,
        told=True,
        woven=False,
        model=0.5,
        wide=False,
        origin="real",
        column="usage",
        without_habits=(),
    ):
        """Build a shop; `model` is the probability that the model gives the right word.

        `told` is whether the embedding tells words apart, `woven` whether texture does.
        """
        rng = np.random.default_rng(1)
        self.column = column
        self.model = model
        self.vocabulary = {name: frozenset({name}) for name in LABELS}
        if wide:
            self.vocabulary["casual"] |= {"sports"}
        self.description = SimpleNamespace(
            name="shop",
            origin=origin,
            without_habits=without_habits,
            speaks_ontology=False,
            column_maps=lambda _: (SimpleNamespace(labels=self.vocabulary, table=None),),
            vocabulary=lambda _: self.vocabulary,
        )
        self.training = self._samples(300, rng, told=told, woven=woven)
        self.held = self._samples(held, rng, told=told, woven=woven)

    def _samples(self, count, rng, *, told, woven):
        words = rng.integers(2, size=count)
        looks = rng.normal(0, 1, size=(count, 4)) + (3 * words[:, None] if told else 0)
        texture = rng.normal(0, 1, size=(count, 5)) + (3 * words[:, None] if woven else 0)
        return [
            SimpleNamespace(
                id=f"shop/{at}",
                source_labels={self.column: LABELS[word]},
                rivals={self.column: frozenset(LABELS)},
                look=look.astype(np.float32),
                texture=weave.astype(np.float32),
                truth=int(word),
            )
            for at, (word, look, weave) in enumerate(zip(words, looks, texture, strict=True))
        ]

    def learn(self, monkeypatch, *, sees_texture=True):
        def scored(samples):
            texture = np.stack([sample.texture for sample in samples])
            return SimpleNamespace(
                samples=samples,
                embedding=np.stack([sample.look for sample in samples]),
                texture=texture if sees_texture else None,
            )

        def model_view(_scorer, seen, head):
            truth = np.array([seen.samples[at].truth for at in head.rows])
            share = np.where(np.eye(2)[truth] == 1, self.model, 1 - self.model)
            return list(LABELS), share, truth

        monkeypatch.setattr(habits, "model_view", model_view)
        monkeypatch.setattr(habits, "score_samples", lambda _, samples, boxes: scored(samples))
        sets = SimpleNamespace(descriptions=[self.description], training=self.training)
        return habits.learn_wordings(
            SimpleNamespace(scorer=None), {"shop": scored(self.held)}, sets
        )


def test_a_habit_that_tells_more_than_the_model_is_kept(monkeypatch):
    (wording,), layers = Shop().learn(monkeypatch)

    assert (wording.source, wording.key, wording.names) == ("shop", "usage", LABELS)
    assert wording.embedding is not None
    assert len(layers) == (wording.texture is not None)


def test_texture_is_read_where_it_alone_tells(monkeypatch):
    (wording,), (layer,) = Shop(told=False, woven=True).learn(monkeypatch)

    assert wording.embedding is None
    assert wording.texture is not None
    assert layer.source == "shop"


def test_both_are_read_where_either_tells_something_else_than_the_model(monkeypatch):
    (wording,), layers = Shop(told=True, woven=True, model=0.55).learn(monkeypatch)

    assert wording.embedding is not None
    assert wording.texture is not None
    assert len(layers) == 1


def test_without_statistics_the_embedding_is_read(monkeypatch):
    (wording,), layers = Shop().learn(monkeypatch, sees_texture=False)

    assert wording.texture is None
    assert layers == ()


@pytest.mark.parametrize(
    "shop",
    [
        pytest.param(Shop(model=0.999), id="the model knows better"),
        pytest.param(Shop(told=False, model=0.7), id="the embedding tells nothing"),
        pytest.param(Shop(held=MIN_CELLS - 1), id="too few to judge by"),
        pytest.param(Shop(origin="rendered"), id="drawings have no shop"),
    ],
)
def test_other_habits_are_not_kept(monkeypatch, shop):
    assert shop.learn(monkeypatch) == ((), ())


@pytest.mark.parametrize(
    ("column", "without_habits", "count"),
    [("usage", ["category"], 1), ("category", [], 1), ("category", ["category"], 0)],
)
def test_columns_in_the_ontologys_terms_have_no_habit(monkeypatch, column, without_habits, count):
    wordings, layers = Shop(column=column, without_habits=without_habits).learn(monkeypatch)

    assert len(wordings) == count
    assert len(layers) <= count


def test_where_labels_overlap_the_habit_always_counts(monkeypatch):
    shop = Shop(held=20, told=False, model=0.7, wide=True)

    wordings, _ = shop.learn(monkeypatch)

    assert len(wordings) == 1


def test_a_likelier_habit_that_is_wrong_more_often_is_not_kept(monkeypatch):
    monkeypatch.setattr(habits, "is_likelier", lambda *_: True)

    assert Shop(told=False, model=0.501).learn(monkeypatch) == ((), ())


def test_a_likelier_habit_that_forgets_rare_labels_is_not_kept(monkeypatch):
    asked = []

    def is_no_worse(*_, kept_f1):
        asked.append(kept_f1)
        return False

    monkeypatch.setattr(habits, "is_no_worse", is_no_worse)

    assert Shop().learn(monkeypatch) == ((), ())
    assert set(asked) == {0.95}
