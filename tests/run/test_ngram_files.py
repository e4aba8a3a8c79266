"""N-grams and mixtures in a run folder: as they were saved, or refused in one line."""

from __future__ import annotations

import json
import random
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from charloom.config import ModelConfig
from charloom.data.vocabulary import Vocabulary
from charloom.errors import ConfigError, RunError
from charloom.models.factory import recurrence
from charloom.models.ngram.arrays import MIXTURE_WEIGHT, TYPES, uniform_arrays
from charloom.models.ngram.counts import count, stream_of
from charloom.models.ngram.model import NGram
from charloom.run import SavedModel, load_model, save_model
from helpers.run_folders import forge, plain, refusal, replace_payload, toy

NAMES = ("abab", "bca", "abca", "cab", "aa", "bcab")
VOCABULARY = Vocabulary.of(NAMES)


def arrays(order: int = 3) -> dict[str, Any]:
    return count(stream_of(*VOCABULARY.encode_all(NAMES)), VOCABULARY.size).arrays(order)


def saved(kind: str) -> SavedModel:
    counted = uniform_arrays(VOCABULARY.size) if kind == "uniform" else arrays()
    config = ModelConfig(kind=kind, units=2, embedding=2)  # type: ignore[arg-type]
    weights: dict[str, Any] = dict(counted)
    if kind == "mixture":
        network = toy(config=config, vocabulary=VOCABULARY)
        weights |= {**network.weights, MIXTURE_WEIGHT: np.array([0.25], np.float32)}
    return toy(config=config, vocabulary=VOCABULARY, weights=weights)


@pytest.fixture(params=["ngram", "mixture"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    save_model(tmp_path / "run", saved(request.param))
    return tmp_path / "run"


@pytest.mark.parametrize("kind", ["ngram", "unigram", "uniform", "mixture"])
def test_what_is_saved_is_loaded(tmp_path: Path, kind: str) -> None:
    want = saved(kind)
    save_model(tmp_path / "run", want)
    found = load_model(tmp_path / "run")
    assert plain(found) == plain(want)
    a, b = (recurrence(each.config, each.weights) for each in (want, found))
    ids = np.array([0, 1, 2])
    np.testing.assert_array_equal(
        a.step(ids, a.initial_carry(3))[0], b.step(ids, b.initial_carry(3))[0]
    )


def test_a_networks_files_are_as_they_were_before_there_were_other_kinds(folder: Path) -> None:
    index = json.loads((folder / "model.json").read_bytes())
    assert set(index["config"]) == {"cell", "units", "layers", "embedding", "dropout", "begin"}
    assert not any(
        name.startswith("ngram") for name in load((folder / "model.safetensors").read_bytes())
    )


def change(folder: Path, edit: Any) -> None:
    """Change the arrays as somebody could who can also seal them."""
    path = folder / "model.safetensors"
    found = load(path.read_bytes())
    edit(found)
    replace_payload(folder, path.name, save(found))


HOSTILE: dict[str, Any] = {
    "ngram.starts": [
        lambda a: a[:-1],
        lambda a: a[::-1].copy(),
        lambda a: a * 2,
        lambda a: a - 1,
        lambda a: np.append(a, a[-1]),
        lambda a: np.full_like(a, 2**31 - 1),
        lambda a: np.where(np.arange(len(a)) == 3, 2**30, a).astype(np.int32),
        lambda a: a.astype(np.int64),
        lambda a: a[:1],
        lambda a: a[:0],
        lambda a: a.reshape(1, -1),
    ],
    "ngram.targets": [
        lambda a: a + 1,
        lambda a: -a,
        lambda a: a[::-1].copy(),
        lambda a: np.zeros_like(a),
        lambda a: np.full_like(a, 2**31 - 1),
        lambda a: a[:-1],
        lambda a: np.append(a[:-1], np.int32(VOCABULARY.size)),
        lambda a: a.astype(np.float32),
    ],
    "ngram.own": [
        lambda a: a * 2,
        lambda a: -a,
        lambda a: a * np.nan,
        lambda a: a / np.float32(0.0),
        lambda a: a[1:],
        lambda a: a.astype(np.float64),
        lambda a: np.zeros_like(a),
    ],
    "ngram.next": [
        lambda a: a + 10_000,
        lambda a: a - 1000,
        lambda a: np.full_like(a, -(2**31)),
        lambda a: a[:-1],
        lambda a: a.astype(np.int16),
    ],
    "ngram.backoff": [
        lambda a: np.arange(len(a), dtype=np.int32),  # each its own: without an end
        lambda a: a + 1,
        lambda a: a[::-1].copy(),
        lambda a: np.maximum(np.arange(len(a), dtype=np.int32) - 1, 0),  # too deep
        lambda a: np.full_like(a, 2**31 - 1),
        lambda a: np.full_like(a, -1),
        lambda a: a[:-1],
        lambda a: a[:0],
    ],
    "ngram.left": [
        lambda a: a * 0,
        lambda a: -a,
        lambda a: a + 1,
        lambda a: a * np.nan,
        lambda a: a * np.float32(1e-12),
        lambda a: a[:-1],
    ],
}


@pytest.mark.parametrize(
    ("name", "number"), [(name, i) for name, edits in HOSTILE.items() for i in range(len(edits))]
)
def test_arrays_that_are_no_n_gram_are_refused(kept: Path, name: str, number: int) -> None:
    with np.errstate(all="ignore"):
        change(kept, lambda a: a.update({name: HOSTILE[name][number](a[name])}))
    assert "model.safetensors" in refusal(lambda: load_model(kept))


def test_arrays_too_many_or_missing_are_named(kept: Path) -> None:
    data = (kept / "model.safetensors").read_bytes()
    for name in load(data):
        replace_payload(kept, "model.safetensors", data)
        change(kept, lambda a, n=name: a.pop(n))
        rule = "must have " if name == MIXTURE_WEIGHT else "Missing or unknown: ['"
        assert rule + name in refusal(lambda: load_model(kept))
    replace_payload(kept, "model.safetensors", data)
    change(kept, lambda a: a.update(more=np.zeros(1)))
    assert "Missing or unknown: ['more']" in refusal(lambda: load_model(kept))


@pytest.mark.parametrize("share", [np.nan, -0.1, 1.1, np.inf])
def test_a_share_that_is_none_is_refused(tmp_path: Path, share: float) -> None:
    save_model(tmp_path / "run", saved("mixture"))
    change(tmp_path / "run", lambda a: a.update({MIXTURE_WEIGHT: np.array([share], np.float32)}))
    assert MIXTURE_WEIGHT in refusal(lambda: load_model(tmp_path / "run"))


def test_a_kind_and_arrays_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    for kind, other in (("ngram", "network"), ("mixture", "ngram"), ("ngram", "mixture")):
        save_model(tmp_path / kind, saved(kind))
        forge(tmp_path / kind / "model.json", lambda f, o=other: f["config"].update(kind=o))
        refusal(lambda k=kind: load_model(tmp_path / k))
        forge(tmp_path / kind / "model.json", lambda f, k=kind: f["config"].update(kind=k))
    forge(tmp_path / "ngram" / "model.json", lambda f: f["config"].update(kind="magic"))
    assert "kind must be one of" in refusal(lambda: load_model(tmp_path / "ngram"))


def test_what_cannot_be_loaded_is_not_saved(tmp_path: Path) -> None:
    model = saved("ngram")
    model.weights["ngram.next"][0] = 10_000  # type: ignore[index]
    with pytest.raises(RunError, match=r"does not hold valid weights: ngram\.next"):
        save_model(tmp_path / "run", model)
    assert not (tmp_path / "run" / "model.json").exists()


def test_checking_takes_no_more_memory_than_a_few_times_the_file(tmp_path: Path) -> None:
    model = saved("ngram")
    save_model(tmp_path / "run", model)
    many = 200_000
    hostile = {
        "ngram.starts": np.linspace(0, 2**31 - 1, many + 1).astype(np.int32),
        "ngram.backoff": np.zeros(many, np.int32),
    }
    change(tmp_path / "run", lambda a: a.update(hostile))
    size = (tmp_path / "run" / "model.safetensors").stat().st_size
    tracemalloc.start()
    refusal(lambda: load_model(tmp_path / "run"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * size + 2**20


@pytest.mark.slow
@settings(max_examples=300)
@given(st.data())
def test_altered_arrays_are_refused_or_still_a_distribution(data: st.DataObject) -> None:
    found = arrays(data.draw(st.integers(1, 4)))
    for _ in range(data.draw(st.integers(1, 3))):
        name = data.draw(st.sampled_from(sorted(TYPES)))
        array = found[name] = found[name].copy()
        if not len(array):
            continue
        place = data.draw(st.integers(0, len(array) - 1))
        match data.draw(st.sampled_from(["set", "cut", "swap", "bits"])):
            case "set":
                odd = [0, 1, -1, 3, 2**31 - 1, -(2**31)]
                array[place] = data.draw(st.sampled_from(odd))
            case "cut":
                found[name] = array[:place]
            case "swap":
                array[[0, place]] = array[[place, 0]]
            case _:
                array.view(np.uint32)[place] ^= np.uint32(1 << data.draw(st.integers(0, 31)))
    try:
        with np.errstate(all="ignore"):
            rnn = NGram(
                ModelConfig(kind="ngram"), found, table_bytes=data.draw(st.integers(1, 4000))
            )
    except ConfigError as error:
        assert str(error).isprintable() and len(str(error)) < 300
        return
    rng, carry = np.random.default_rng(0), rnn.initial_carry(8)
    for _ in range(6):
        logits, carry = rnn.step(rng.integers(0, rnn.vocabulary_size, 8), carry)
        np.testing.assert_allclose(np.exp(logits).sum(axis=1), 1, atol=2e-3)


@pytest.mark.heavy
@pytest.mark.slow
def test_random_damage_to_a_vouched_file_gives_a_refusal_or_a_model(kept: Path) -> None:
    rng = random.Random(2)
    path = kept / "model.safetensors"
    index, whole = (kept / "model.json").read_bytes(), path.read_bytes()
    for _ in range(400):
        damaged = bytearray(whole)
        start = rng.randrange(len(damaged))
        damaged[start : start + rng.randint(1, 4)] = rng.choice(
            [rng.randbytes(1), b"9", b"\0\0\0", b"\xff\xff", b"]", b"I32"]
        )
        (kept / "model.json").write_bytes(index)
        replace_payload(kept, path.name, bytes(damaged))
        try:
            model = load_model(kept)
        except RunError as error:
            assert str(error).isprintable() and len(str(error)) < 700
        else:
            rnn = recurrence(model.config, model.weights)
            logits, _ = rnn.step(np.array([0, 1]), rnn.initial_carry(2))
            assert logits.shape == (2, VOCABULARY.size)
