"""A base model with labels is adapted from the kinds of names that the list resembles."""

from __future__ import annotations

import numpy as np
import pytest

import charloom
from charloom.config import ModelConfig
from charloom.data.names import NameCorpus
from charloom.models.rnn.numpy import NumpyRNN
from charloom.models.scoring.names import score
from charloom.training import kinds
from charloom.training.base_model import latin_base
from charloom.training.kinds import conditioned, resemblance, suited
from charloom.training.strangeness import strangeness
from helpers.run_folders import toy

LABELS = ("few ß", "many ß", "neither")
LISTS = {
    "places": ("Lahti", "Jyväskylä", "Kuopio", "Rovaniemi", "Hämeenlinna", "Kajaani", "Kouvola",
               "Lappeenranta", "Mikkeli", "Seinäjoki", "Ylöjärvi", "Kirkkonummi"),
    "first": ("Emily", "Jessica", "Ashley", "Hannah", "Samantha", "Brittany", "Madison", "Kayla",
              "Courtney", "Abigail", "Lindsay", "Vanessa"),
    "words": ("Chlorophyll", "Haemoglobin", "Phosphoric", "Cytoplasmic", "Nephrolithic",
              "Oxyhydrate", "Photosynthesis", "Lymphocytic", "Sclerophyll", "Dystrophic"),
    "capitals": ("LAHTI", "MADRID", "OSLO", "EMILY", "SAMANTHA", "PHOSPHATE", "TORONTO"),
    "small letters": ("lahti", "madrid", "oslo", "emily", "samantha", "phosphate", "toronto"),
}  # fmt: skip


@pytest.fixture
def labelled():
    """A base whose labels change its predictions much."""
    config = ModelConfig(units=4, embedding=3, cell="lstm", labels=len(LABELS))
    return toy(config=config, labels=LABELS)


def test_a_conditioned_base_predicts_as_with_the_label_that_suits_best(labelled, monkeypatch):
    monkeypatch.setattr(kinds, "NATS", 1e-9)
    names = ("aßa", "ßßß", "ßa", "ßß")
    ids = [labelled.vocabulary.encode(name) for name in names]
    network = NumpyRNN(labelled.config, labelled.weights)
    by_label = [score(network.labelled(k), ids) for k in (None, *range(len(LABELS)))]
    best = int(np.argmin([nats.sum() for nats in by_label]))
    assert resemblance(labelled, names).tolist() == np.eye(len(LABELS) + 1)[best].tolist()
    found, began = conditioned(labelled, names)
    assert began == ({} if not best else {LABELS[best - 1]: 1.0})
    assert (found.config.labels, found.labels, "labels" in found.weights) == (0, (), False)
    assert score(NumpyRNN(found.config, found.weights), ids) == pytest.approx(by_label[best])


def test_shares_fall_with_the_nats_per_character(labelled):
    names = ("aßa", "ß", "aa")
    ids = [labelled.vocabulary.encode(name) for name in names]
    network = NumpyRNN(labelled.config, labelled.weights)
    cost = np.array(
        [score(network.labelled(k), ids).sum() for k in (None, *range(len(LABELS)))]
    ) / sum(len(name) + 1 for name in names)
    shares = resemblance(labelled, names)
    assert shares.sum() == pytest.approx(1)
    expected = np.exp((cost.min() - cost) / kinds.NATS)
    assert shares == pytest.approx(expected / expected.sum())


def test_names_that_the_base_cannot_read_are_of_no_kind(labelled):
    assert resemblance(labelled, ("日本", "Ω")).tolist() == [1, 0, 0, 0]
    assert resemblance(labelled, ()).tolist() == [1, 0, 0, 0]
    both = resemblance(labelled, ("日本", "aß", "Ω", "ßa"))
    assert both.tolist() == resemblance(labelled, ("aß", "ßa")).tolist()


def test_the_strangeness_of_names_is_what_they_cost_without_a_kind(labelled):
    names = ("aßa", "日本", "ßßß", "ßa")
    ids = [labelled.vocabulary.encode(names[i]) for i in (0, 2, 3)]
    nats = score(NumpyRNN(labelled.config, labelled.weights).labelled(None), ids).sum()
    assert strangeness(labelled, names) == pytest.approx(nats / 11)
    assert strangeness(labelled, ("日本",)) == np.inf


def test_a_model_without_labels_stays_as_it_is():
    base = toy()
    assert conditioned(base, ("aß",)) == (base, {})


def test_a_long_list_is_read_in_part(labelled, monkeypatch):
    monkeypatch.setattr(kinds, "MANY", 3)
    monkeypatch.setattr("charloom.training.strangeness.MOST", 6)
    names = [f"{'a' * (i % 4 + 1)}ß" for i in range(12)]
    assert resemblance(labelled, names).tolist() == resemblance(labelled, names[::2]).tolist()


@pytest.mark.parametrize("kind", LISTS)
def test_the_base_model_knows_what_lists_resemble(kind):
    base = latin_base()
    best = int(resemblance(base, LISTS[kind])[1:].argmax())
    assert base.labels[best].startswith(kind)


def test_a_base_with_the_labels_of_the_list_keeps_them(labelled, tmp_path):
    corpus = NameCorpus.of(["aß", "ßa", "aa"], labels=["many ß", "few ß", "neither"])
    data = charloom.training.name_data.NameData(
        corpus,
        labelled.config,
        charloom.config.TrainConfig(held_out=0.0, base="0123456789abcdef"),
        labelled,
    )
    assert suited(labelled, data) == (labelled, {})
