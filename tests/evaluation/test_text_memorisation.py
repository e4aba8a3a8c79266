"""Memorisation of running text: a model that recites, and one that knows only the style."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

from charloom import Run
from charloom.data.text import TextCorpus
from charloom.errors import ConfigError, CorpusError, RunError
from charloom.evaluation.memorisation.text import text_memorisation, training_text
from charloom.evaluation.metrics.text_likelihood import block_nats, blocks_of
from charloom.models.scoring.text import stream_nats
from helpers.text_runs import save_text_run
from helpers.toy_models import bigram, uniform

CYCLE = "abcdefgh"


def reciter():
    """A model that says the letters in their order, over and over."""
    odds = np.full((9, 9), 1e-9)
    odds[0, 1] = 1
    for i in range(1, 9):
        odds[i, i % 8 + 1] = 1
    return bigram(odds, text=True)


def noise(size, seed=0):
    return "".join(random.Random(seed).choices(CYCLE, k=size))


def test_a_model_that_recites_its_text_has_strong_memorisation():
    train = TextCorpus.of(noise(3000) + CYCLE * 200 + noise(3000, 1))
    found = text_memorisation(reciter(), train, noise(1000, 2))
    longest = found.longest_copy
    assert longest is not None
    assert longest.characters == longest.drawn == 1000
    assert longest.text == CYCLE * 125
    assert 4 <= longest.real_characters <= 12
    assert found.level == "strong"
    assert [one.copied.value for one in found.by_temperature] == [1, 1, 1]
    assert found.by_temperature[0].ideal.value == 0
    assert "piece that is verbatim in the training text has 1,000" in found.verdict
    assert "strong memorisation" in found.verdict
    data = found.to_dict()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["longest_copy"]["real"]["characters"] == longest.real_characters


@pytest.mark.slow
def test_a_model_of_the_style_copies_no_more_than_real_text():
    train = TextCorpus.of(noise(20_000))
    found = text_memorisation(uniform(8, text=True), train, noise(4000, 1), seed=5)
    assert found.level == "none" and "little memorisation" in found.verdict
    assert found.longest_copy is not None
    assert found.longest_copy.characters == pytest.approx(found.longest_copy.real_characters, abs=4)
    assert found.longest_copy.text in noise(20_000)
    assert found.longest_copy.real_text in noise(4000, 1)
    assert found.train_nats_per_char.value == pytest.approx(np.log(9), rel=1e-4)
    assert found.gap.value == pytest.approx(0, abs=1e-6)


def test_text_that_repeats_itself_is_no_memorisation():
    """Real text of a repetitive kind has long copies too."""
    found = text_memorisation(reciter(), TextCorpus.of(CYCLE * 300), CYCLE * 100)
    assert found.level == "none"
    assert found.by_temperature[2].ideal.value == 1


def test_the_held_out_end_is_no_training_text():
    held_out = noise(500, 1)
    whole = TextCorpus.of([noise(3000), noise(100, 3) + held_out])
    found = text_memorisation(uniform(8, text=True), whole, held_out)
    assert found.longest_copy is not None and found.longest_copy.real_characters < 20
    other = TextCorpus.of([noise(3000), noise(100, 3)])
    assert found == text_memorisation(uniform(8, text=True), other, TextCorpus.of(held_out))


def test_no_piece_spans_two_texts():
    # The source has the end of the real text followed by what the model draws first.
    train = TextCorpus.of("xyz" + CYCLE + "q" * 30 + "xyz")
    found = text_memorisation(reciter(), train, "h" * 20 + "xyz", temperatures=(1.0,))
    assert found.longest_copy is not None
    assert found.longest_copy.characters == 8
    assert (found.longest_copy.real_characters, found.longest_copy.real_text) == (3, "xyz")


def test_blocks_add_up_to_the_stream():
    model = bigram(np.random.default_rng(0).random((9, 9)), text=True)
    ids = np.concatenate([[0], model.vocabulary.encode(noise(3500))])
    blocks = blocks_of(ids)
    assert [own for _, own in blocks] == [1000, 1000, 1000, 500]
    nats = block_nats(model.rnn, blocks)
    assert nats.sum() == pytest.approx(stream_nats(model.rnn, ids), rel=1e-5)
    two = blocks_of(np.concatenate([ids[:3], ids[:4]]))
    assert [string.tolist() for string, _ in two] == [ids[1:3].tolist(), ids[1:4].tolist()]


def test_what_cannot_be_measured_is_refused():
    text = TextCorpus.of(noise(100))
    with pytest.raises(ConfigError, match="must hold one at least"):
        text_memorisation(uniform(8, text=True), text, "abc", temperatures=())
    with pytest.raises(CorpusError, match="which a run folder does not hold"):
        text_memorisation(uniform(8, text=True), None, "abc")
    with pytest.raises(CorpusError, match="holds no text"):
        text_memorisation(uniform(8, text=True), text, "")
    with pytest.raises(ConfigError, match="the model's unit, character"):
        text_memorisation(uniform(8, text=True), TextCorpus.of("abc", "grapheme"), "abc")


TRAIN, HELD_OUT = "abcabc\nab", "abca\nab"


def facts(path):
    return {"corpus": {"sources": [str(path)]}, "train_characters": len(TRAIN)}


def test_the_training_text_is_read_from_the_recorded_files(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TRAIN + HELD_OUT)
    run = save_text_run(tmp_path / "run", held_out=HELD_OUT, facts=facts(path))
    text = training_text(Run.open(run))
    assert text.vocabulary.decode(text.ids(0, len(text))) == TRAIN + HELD_OUT
    moved = path.rename(tmp_path / "moved.txt")
    with pytest.raises(RunError, match=r"is not at hand: there is no file '.*text.txt'"):
        training_text(Run.open(run))
    assert len(training_text(Run.open(run), [moved])) == len(text)
    moved.write_text(TRAIN + "b" + HELD_OUT)
    with pytest.raises(RunError, match=r"is not the text .* it was changed"):
        training_text(Run.open(run), [moved])


def test_rare_characters_do_not_hide_the_training_text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TRAIN + "abza")
    run = save_text_run(tmp_path / "run", unknown=0.1, held_out="ab\ufffda", facts=facts(path))
    assert len(training_text(Run.open(run))) == len(TRAIN) + 5


def test_a_run_that_names_no_text_is_refused(tmp_path):
    run = save_text_run(tmp_path / "run")
    with pytest.raises(RunError, match="does not say which text"):
        training_text(Run.open(run), [tmp_path / "text.txt"])
