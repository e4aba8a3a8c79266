"""Arguments of the public functions: NumPy's numbers are taken, what is no number is refused."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest

from charloom import (
    CharloomError,
    ModelConfig,
    NameCorpus,
    SampleConfig,
    TextCorpus,
    TrainConfig,
    fit,
    load,
    samplers,
    train,
)
from charloom import constraints as c
from charloom.config.arguments import lies_in, number, shown, texts, whole
from charloom.data.statistics import describe
from charloom.errors import ArgumentError, ConfigError
from charloom.evaluation import (
    activity,
    compare_names,
    likelihood,
    measure,
    names_memorisation,
    nearest,
    next_characters,
    share_estimate,
    temperature_sweep,
    text_likelihood,
)
from charloom.generation.explain import explain
from charloom.tuning import tune

FROZEN = Path(__file__).parents[1] / "frozen"
ODD = [None, b"ab", 1.5, "x", float("nan"), 10**400, -1, True, np.bool_(True), "1", "٣", [1],
       object(), float("inf"), np.array([1, 2]), 2**64]  # fmt: skip
"""None of these is a whole number above 0 that is not absurdly large."""


@pytest.fixture(scope="module")
def model():
    return load(FROZEN / "ngram" / "run")


@pytest.fixture(scope="module")
def text_model():
    return load(FROZEN / "text" / "run")


@pytest.fixture(scope="module")
def labelled():
    return load(FROZEN / "labels" / "run")


def test_numpy_numbers_are_taken_where_pythons_are(model, text_model):
    plain = model.names(2, seed=1, temperature=0.5, top_k=3, threads=1)
    numbers = {"seed": np.uint64(1), "temperature": np.float64(0.5), "top_k": np.uint8(3)}
    assert model.names(np.int64(2), threads=np.int32(1), **numbers) == plain
    assert text_model.text(np.int16(9), seed=np.int8(4)) == text_model.text(9, seed=4)
    assert type(SampleConfig(temperature=np.float32(0.5)).temperature) is float
    assert type(TrainConfig(seed=np.int64(3)).to_dict()["seed"]) is int
    assert ModelConfig(units=np.int64(8)) == ModelConfig(units=8)
    assert c.Length(np.int64(2)) == c.Length(2)
    assert NameCorpus.of(["a", "b"]).split(np.float32(0.5), np.int64(1))[1]


CALLS = {
    "n": lambda m, v: m.names(0 if v is None else v),
    "seed": lambda m, v: m.names(1, seed=v),
    "beam": lambda m, v: m.best(1, beam=0 if v is None else v),
    "min_edits": lambda m, v: m.names(1, min_edits=v),
    "temperature": lambda m, v: m.names(1, temperature=-1 if v in (1.5, [1]) else v),
    "epochs": lambda m, v: TrainConfig(epochs=v),
    "units": lambda m, v: ModelConfig(units=v),
    "Length": lambda m, v: c.Length(v),
    "min_count": lambda m, v: TextCorpus.of("abc", min_count=v),
    "max_line_bytes": lambda m, v: NameCorpus.read(FROZEN / "names.txt", max_line_bytes=v),
    "samples": lambda m, v: measure(m, ["Ann"], samples=v),
    "sweep's n": lambda m, v: temperature_sweep(m, [1], v),
    "trials": lambda m, v: tune(NameCorpus.builtin(), trials=0 if v is None else v),
    "folds": lambda m, v: tune(NameCorpus.builtin(), folds=0 if v is None else v),
    "alternatives": lambda m, v: explain(m, ["on"], v),
    "TopK": lambda m, v: samplers.TopK(0 if v is None else v),
    "share": lambda m, v: share_estimate(1, v),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_number_in_range_is_refused_in_one_line(name, model):
    for value in ODD:
        if name == "temperature" and isinstance(value, np.ndarray):
            continue
        with pytest.raises(CharloomError) as caught:
            CALLS[name](model, value)
        message = str(caught.value)
        assert message.isprintable() and len(message) < 250, name


TEXTS = {
    "nll": lambda m, v: m.nll(v),
    "log_prob": lambda m, v: m.log_prob(v),
    "forbid": lambda m, v: m.names(1, forbid=v),
    "names": lambda m, v: NameCorpus.of(v),
    "labels": lambda m, v: NameCorpus.of(
        ["a"] * (len(v) if isinstance(v, list) else 1), labels=7 if v is None else v
    ),
    "Block": lambda m, v: c.Block(v),
    "explain": lambda m, v: explain(m, v),
    "nearest": lambda m, v: nearest(v, ["a"]),
    "nearest's names": lambda m, v: nearest(["a"], v),
    "held_out": lambda m, v: measure(m, v, samples=0),
    "likelihood": lambda m, v: likelihood(m, v),
    "compare": lambda m, v: compare_names({"a": m, "b": m}, v),
    "memorisation": lambda m, v: names_memorisation(m, v, ["Bob"]),
    "fit": lambda m, v: fit(v, kind="ngram"),
    "train": lambda m, v: train(v, kind="ngram"),
    "tune": lambda m, v: tune(v, trials=1),
    "describe": lambda m, v: describe(v),
    "activity": lambda m, v: activity(load(FROZEN / "network" / "run"), v),
    "texts": lambda m, v: texts("texts", v),
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("value", ["Kato", None, b"Kato", 5, [None], [b"a"], ["a", 5]], ids=repr)
def test_a_lone_string_or_no_strings_are_a_type_error_with_a_remedy(name, value, model):
    with pytest.raises(TypeError, match=r"must be (a list|text|a NameCorpus)") as caught:
        TEXTS[name](model, value)
    assert isinstance(caught.value, CharloomError)


def test_the_old_name_of_nll_refuses_a_lone_string_too(model):
    with pytest.warns(DeprecationWarning), pytest.raises(TypeError, match="list of strings"):
        model.score("Karito")


OTHERS = {
    "load": lambda m, v: load(v),
    "read": lambda m, v: NameCorpus.read(v),
    "text of": lambda m, v: TextCorpus.of(v),
    "save": lambda m, v: m.save(v),
    "fit": lambda m, v: fit(v),
    "tune": lambda m, v: tune(v),
    "rules": lambda m, v: m.names(1, rules="x" if v is None else v),
    "config": lambda m, v: m.names(1, config="x" if v is None else v),
    "sampler": lambda m, v: m.names(1, sampler="x" if v is None else v),
    "start": lambda m, v: m.names(1, start=v),
    "blend": lambda m, v: m.blend_with(v),
    "rule": lambda m, v: c.Start("a") & v,
    "Start": lambda m, v: c.Start(v),
    "parse": lambda m, v: c.Length.parse(v),
    "encode": lambda m, v: m.vocabulary.encode(v),
    "next": lambda m, v: next_characters(m, v),
    "models": lambda m, v: compare_names(v, ["a"]),
}


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize(
    "value", [None, b"x", 5, np.zeros(2), object()], ids=lambda v: str(type(v))
)
def test_other_wrong_types_are_one_clear_type_error(name, value, model):
    with pytest.raises(TypeError, match="Received") as caught:
        OTHERS[name](model, value)
    assert isinstance(caught.value, CharloomError)


def test_labels_and_weights_are_checked(labelled, model, text_model):
    one = labelled.labels[0]
    for call in (
        lambda: labelled.condition(one),
        lambda: labelled.condition({one: "1"}),
        lambda: labelled.condition({one: True}),
        lambda: labelled.condition({one: 1}, guidance="2"),
        lambda: model.blend_with(model, "0.5"),
        lambda: temperature_sweep(model, "1"),
        lambda: text_likelihood(text_model, None),
    ):
        with pytest.raises(TypeError, match="Received"):
            call()
    for call in (
        lambda: labelled.condition({one: float("nan")}),
        lambda: labelled.condition({one: 10**400}),
        lambda: labelled.condition({one: 1}, guidance=101),
        lambda: model.blend_with(model, float("nan")),
    ):
        with pytest.raises(ConfigError, match="must lie in"):
            call()
    assert labelled.condition({one: np.float32(1)}, np.int64(2)).names(1, seed=1)


def test_generators_are_taken_where_several_strings_are(model):
    words = ["on", "sa"]
    assert model.nll(word for word in words).tolist() == model.nll(words).tolist()
    assert [e.text for e in explain(model, (word for word in words))] == words
    assert NameCorpus.of(word for word in words).names == tuple(words)
    assert c.Block(word for word in words) == c.Block(tuple(words))
    assert nearest((word for word in words), iter(["on"]))[0].tolist() == [0, 2]
    assert model.names(2, seed=1, forbid=iter(words)) == model.names(2, seed=1, forbid=words)
    assert likelihood(model, iter(words)) == likelihood(model, words)


def test_a_closed_search_ends_and_frees_the_model():
    model = load(FROZEN / "ngram" / "run")
    alive = weakref.ref(model.rnn)
    stream = model.stream(None, seed=1)
    assert next(stream).text
    stream.close()
    stream.close()
    assert list(stream) == []
    del model
    gc.collect()
    assert alive() is None


def test_a_closed_stream_of_text_ends(text_model):
    stream = text_model.stream_text(None, seed=1, start="a")
    assert next(stream) == "a"
    stream.close()
    assert list(stream) == []


def test_absurd_numbers_of_names_and_widths_are_refused_at_once(model):
    for call in (
        lambda: model.names(10**9),
        lambda: model.best(5, beam=10**9),
        lambda: model.names(1, min_edits=10**20),
        lambda: model.names(1, rules=c.Length(10**9)),
    ):
        with pytest.raises(ConfigError, match=r"whole numbers? from"):
            call()


def test_a_beam_in_blocks_finds_what_one_block_finds(model, monkeypatch):
    options = {"beam": 40, "allow_known": True, "rules": c.Contains("a")}
    expected = [(s.text, s.nats) for s in model.best(20, **options)]
    monkeypatch.setattr("charloom.generation.search.best.CELLS", 200)
    assert [(s.text, s.nats) for s in model.best(20, **options)] == expected


def test_intervals_say_what_lies_in_them():
    assert lies_in(0, "[0, 1)") and not lies_in(1, "[0, 1)")
    assert not lies_in(float("nan"), "[0, inf)") and not lies_in(10**400, "[0, inf)")
    assert number("x", np.float64(0.25), "(0, 1]") == 0.25
    assert whole("x", np.int8(3), 0, 3) == 3
    assert shown("a\nb") == "'a\\nb'" and len(shown("x" * 500)) == 60
    with pytest.raises(ArgumentError, match="x must be a number in"):
        number("x", "1", "[0, 1]")
