"""A run folder comes back as it was saved, and holds nothing that it may not."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from charloom.config import ModelConfig
from charloom.data.encoded.sequences import LineNames
from charloom.data.vocabulary import Vocabulary
from charloom.run import (
    claim,
    lists,
    load_model,
    load_state,
    model_file,
    save_model,
    save_state,
)
from charloom.storage import disk
from helpers.run_folders import MODEL_FILES, forge, plain, refusal, replace_payload, toy

# Round trips


def test_half_the_space_costs_only_rounding(tmp_path):
    saved = toy()
    save_model(tmp_path / "whole", saved)
    save_model(tmp_path / "half", saved, halved=True)
    sizes = [(tmp_path / n / "model.safetensors").stat().st_size for n in ("whole", "half")]
    read = load_model(tmp_path / "half").weights
    assert sizes[1] < sizes[0]
    for name, array in saved.weights.items():
        assert read[name].dtype == np.float32
        np.testing.assert_allclose(read[name], array, rtol=1e-3, atol=1e-6)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
LETTERS = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
NAMES = st.none() | st.lists(st.text(LETTERS, min_size=1), max_size=4).map(tuple)
CONFIGS = st.builds(
    ModelConfig,
    cell=st.sampled_from(["gru", "lstm", "rnn"]),
    units=st.integers(1, 4),
    layers=st.integers(1, 3),
    embedding=st.integers(1, 3),
    dropout=st.floats(0, 0.99),
)
VOCABULARIES = st.builds(
    lambda found, unknown: Vocabulary(tuple(sorted(found)), unknown=unknown),
    st.sets(LETTERS),
    st.booleans(),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(CONFIGS, VOCABULARIES, st.dictionaries(st.text(), JSON, max_size=4), NAMES, NAMES)
def test_a_saved_model_comes_back_exactly(
    tmp_path: Path,
    config: ModelConfig,
    vocabulary: Vocabulary,
    facts: dict[str, Any],
    train: tuple[str, ...] | None,
    held_out: tuple[str, ...] | None,
) -> None:
    model = toy(
        config=config,
        vocabulary=vocabulary,
        facts=facts,
        train_names=train,
        held_out_names=held_out,
    )
    save_model(tmp_path, model)
    loaded = load_model(tmp_path)
    assert plain(loaded) == plain(model)
    assert list(loaded.weights) == list(model.weights)
    assert loaded.facts == facts


def test_graphemes_come_back(tmp_path: Path) -> None:
    model = toy(vocabulary=Vocabulary(("a", "e\u0301"), "grapheme"))
    save_model(tmp_path, model)
    assert load_model(tmp_path).vocabulary == model.vocabulary


def test_the_unknown_symbol_is_recorded_where_there_is_one(tmp_path: Path) -> None:
    for unknown in (False, True):
        save_model(tmp_path, toy(vocabulary=Vocabulary(("a", "ß"), unknown=unknown)))
        assert load_model(tmp_path).vocabulary.has_unknown == unknown
        recorded = json.loads((tmp_path / "model.json").read_bytes())["vocabulary"]
        assert ("unknown" in recorded) == unknown
    forge(tmp_path / "model.json", lambda fields: fields["vocabulary"].update(unknown=1))
    assert "unknown must be true or false" in refusal(lambda: load_model(tmp_path))


@pytest.mark.parametrize("text", ["", "line\r\n\nanother \u2028 one\ufffd", "ß" * 10**5])
def test_a_held_out_text_comes_back_exactly(tmp_path: Path, text: str) -> None:
    config = ModelConfig(units=2, embedding=2, text=True)
    save_model(
        tmp_path, toy(config=config, train_names=None, held_out_names=None, held_out_text=text)
    )
    model = load_model(tmp_path)
    assert (model.config.text, model.held_out_text) == (True, text)
    assert (model.train_names, model.held_out_names) == (None, None)
    assert (tmp_path / "held_out.txt").read_bytes() == text.encode()
    (tmp_path / "held_out.txt").unlink()
    assert load_model(tmp_path).held_out_text is None
    refusal(lambda: save_model(tmp_path, toy(held_out_text="\ud800")))


def test_names_in_arrays_are_the_same_file_and_long_lists_come_back_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = tuple(f"a{i}ß" for i in range(1000))
    data = "".join(f"{name}\n" for name in names).encode()
    for kind, these in (("tuple", names), ("arrays", LineNames(data))):
        save_model(tmp_path / kind, toy(train_names=these))
        assert (tmp_path / kind / "train_names.txt").read_bytes() == data
        assert load_model(tmp_path / kind).train_names == names
    save_model(tmp_path / "arrays", toy(1, train_names=LineNames(data)))  # the file may stay
    monkeypatch.setattr(lists, "LARGE_BYTES", len(data) - 1)
    found = load_model(tmp_path / "arrays").train_names
    assert isinstance(found, LineNames) and tuple(found) == names
    save_model(tmp_path / "again", toy(train_names=found))
    assert (tmp_path / "again" / "train_names.txt").read_bytes() == data
    for bad in (b"a\nb", b"\xff\n"):
        replace_payload(tmp_path / "arrays", "train_names.txt", bad * 10**4)
        assert "UTF-8" in refusal(lambda: load_model(tmp_path / "arrays"))
    monkeypatch.setattr(lists, "MAX_NAMES_BYTES", len(data) - 1)
    refusal(lambda: save_model(tmp_path / "arrays", toy(train_names=LineNames(data))))


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        save_model(tmp_path / name, toy())
    for file in MODEL_FILES:
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_another_reader_can_check_the_seals_without_charloom(folder: Path) -> None:
    data = (folder / "model.json").read_bytes()
    fields = json.loads(data)
    digest = fields["sha256"].encode()
    assert hashlib.sha256(data.replace(digest, b"0" * 64)).hexdigest() == fields["sha256"]
    assert fields["files"].keys() == MODEL_FILES - {"model.json"}
    for name, record in fields["files"].items():
        found = (folder / name).read_bytes()
        assert record == {"bytes": len(found), "sha256": hashlib.sha256(found).hexdigest()}


def test_weights_in_another_memory_order_come_back(tmp_path: Path) -> None:
    model = toy()
    turned = {name: np.asfortranarray(array) for name, array in model.weights.items()}
    save_model(tmp_path, toy(weights=turned))
    assert plain(load_model(tmp_path)) == plain(model)


def test_two_files_are_enough(folder: Path) -> None:
    (folder / "train_names.txt").unlink()
    (folder / "held_out_names.txt").unlink()
    model = load_model(folder)
    assert model.train_names is None and model.held_out_names is None
    assert plain(model)[:4] == plain(toy())[:4]


def test_a_list_of_an_earlier_model_is_not_taken_for_this_ones(folder: Path) -> None:
    save_model(folder, toy(1, train_names=None))
    assert load_model(folder).train_names is None


def test_no_names_and_no_list_differ(tmp_path: Path) -> None:
    save_model(tmp_path, toy(train_names=(), held_out_names=None))
    assert load_model(tmp_path).train_names == ()
    assert load_model(tmp_path).held_out_names is None


def test_a_state_comes_back_bit_for_bit(tmp_path: Path) -> None:
    arrays = {
        "step": np.array(7, np.int64),
        "key": np.array([1, 2**32 - 1], np.uint32),
        "wide": np.array([2**64 - 1], np.uint64),
        "count": np.array([[-1]], np.int32),
        "moments": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        "empty": np.zeros((0, 3), np.float32),
        "odd": np.array([np.nan, np.inf, -0.0], np.float64),
        "flags": np.array([True, False]),
    }
    state = {"epoch": 3, "losses": [0.1, 1e-300], "best": None, "generator": {"state": 2**127}}
    save_state(tmp_path, arrays, state)
    loaded, data = load_state(tmp_path)
    assert data == state
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        assert loaded[name].dtype == array.dtype and loaded[name].shape == array.shape
        assert loaded[name].tobytes() == array.tobytes()


def test_model_and_state_share_a_folder(folder: Path) -> None:
    for step in range(3):
        save_state(folder, {"step": np.array(step)}, {})
        save_model(folder, toy(step))
        assert load_state(folder)[0]["step"] == step
        assert load_model(folder).facts["seed"] == step


# What may not be saved


@pytest.mark.parametrize(
    "facts",
    [
        {"loss": float("nan")},
        {"loss": float("inf")},
        {"loss": np.float32(1)},
        {"path": Path("x")},
        {"text": "\ud800"},
        {1: "a", "1": "b"},
        {"huge": 10**5000},
    ],
)
def test_facts_beyond_json_are_refused_and_the_earlier_model_stays(
    folder: Path, facts: dict[Any, Any]
) -> None:
    refusal(lambda: save_model(folder, toy(1, facts=facts)))
    assert plain(load_model(folder)) == plain(toy())
    assert {path.name for path in folder.iterdir()} == MODEL_FILES


def test_facts_that_nest_too_deep_are_refused(folder: Path) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    refusal(lambda: save_model(folder, toy(facts={"deep": deep})))


def test_names_that_a_line_cannot_hold_are_refused(folder: Path) -> None:
    assert "'a\\nb'" in refusal(lambda: save_model(folder, toy(train_names=("a\nb",))))
    refusal(lambda: save_model(folder, toy(train_names=("\udcff",))))
    assert plain(load_model(folder)) == plain(toy())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_refused(folder: Path, value: float) -> None:
    weights = dict(toy().weights)
    weights["rnn.0.bias"] = np.full((2, 6), value, np.float32)
    assert "rnn.0.bias must hold finite" in refusal(
        lambda: save_model(folder, toy(weights=weights))
    )
    del weights["rnn.0.bias"]
    good = load_model(folder).weights["rnn.0.bias"]
    bad = good.copy()
    bad[1, 3] = value
    replace_payload(folder, "model.safetensors", save(weights | {"rnn.0.bias": bad}))
    assert "rnn.0.bias must hold finite" in refusal(lambda: load_model(folder))


@pytest.mark.parametrize(
    "change",
    [
        {"embedding": None},
        {"extra": np.zeros(2, np.float32)},
        {"embedding": np.zeros((2, 3), np.float32)},
        {"embedding": np.zeros((3, 2), np.float64)},
        {"embedding": np.zeros((3, 2), np.int32)},
    ],
)
def test_weights_of_another_architecture_are_refused(folder: Path, change: dict[str, Any]) -> None:
    found = {n: a for n, a in (dict(toy().weights) | change).items() if a is not None}
    assert next(iter(change)) in refusal(lambda: save_model(folder, toy(weights=found)))
    assert plain(load_model(folder)) == plain(toy())
    replace_payload(folder, "model.safetensors", save(found))
    refusal(lambda: load_model(folder))


def test_arrays_that_a_state_cannot_hold_are_refused(tmp_path: Path) -> None:
    for name, array in {
        "half": np.zeros(2, np.float16),
        "object": np.array([object()]),
        "text": np.array(["a"]),
        "__metadata__": np.zeros(2),
        "\ud800": np.zeros(2),
    }.items():
        refusal(lambda a=array, n=name: save_state(tmp_path, {n: a}, {}))  # type: ignore[misc]
    assert not list(tmp_path.iterdir())


# Claiming a folder


def test_a_new_or_empty_folder_can_be_claimed(tmp_path: Path) -> None:
    claim(tmp_path / "a" / "b", force=False)
    claim(tmp_path / "a" / "b", force=False)
    assert not list((tmp_path / "a" / "b").iterdir())


def test_a_folder_in_use_needs_force_and_keeps_its_model(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert "--force" in refusal(lambda: claim(folder, force=False))
    claim(folder, force=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    save_model(folder, toy(1))
    assert plain(load_model(folder)) == plain(toy(1))
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    for path in (tmp_path / "a", tmp_path / "a" / "b", tmp_path / "gone"):
        for force in (False, True):
            assert "a file is there" in refusal(lambda p=path, f=force: claim(p, force=f))
        refusal(lambda p=path: save_model(p, toy()))
    assert "\\x00" in refusal(lambda: claim(tmp_path / "nul\0", force=False))


@pytest.mark.parametrize("call", ["mkdir", "open", "write"])
def test_a_folder_that_cannot_be_written_is_refused_before_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def denied(*_: Any, **__: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    if call == "write":
        monkeypatch.setattr(os, "fsync", denied)
    else:
        monkeypatch.setattr(os, call, denied)
    text = refusal(lambda: claim(tmp_path / "run", force=False))
    assert "cannot be written: Permission denied" in text
    monkeypatch.undo()
    assert not list(tmp_path.glob("run/*"))


def test_limits_hold_on_both_sides(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_file, "MAX_WEIGHT_BYTES", 64)
    assert "64" in refusal(lambda: load_model(folder))
    assert "64" in refusal(lambda: save_model(folder, toy()))
    monkeypatch.undo()
    monkeypatch.setattr(disk, "MAX_INDEX_BYTES", 64)
    assert "64" in refusal(lambda: load_model(folder))
    assert "64" in refusal(lambda: save_model(folder, toy()))
