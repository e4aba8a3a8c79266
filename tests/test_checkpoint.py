"""A run folder is whole or refused: round trips, damage, kills at every step, forged files."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from charloom import checkpoint, files
from charloom.checkpoint import (
    SavedModel,
    claim,
    load_model,
    load_state,
    save_model,
    save_state,
)
from charloom.config import ModelConfig
from charloom.errors import RunError
from charloom.models.shapes import weight_shapes
from charloom.vocabulary import Vocabulary

MODEL_FILES = {"model.json", "model.safetensors", "train_names.txt", "held_out_names.txt"}


def toy(seed: int = 0, **changes: Any) -> SavedModel:
    config = changes.pop("config", ModelConfig(units=2, embedding=2))
    vocabulary = changes.pop("vocabulary", Vocabulary(("a", "ß")))
    rng = np.random.default_rng(seed)
    weights = {
        name: rng.standard_normal(shape).astype(np.float32)
        for name, shape in weight_shapes(config, vocabulary.size).items()
    }
    fields: dict[str, Any] = {
        "config": config,
        "vocabulary": vocabulary,
        "weights": weights,
        "facts": {"seed": seed, "loss": 0.1 + seed},
        "train_names": ("aß", f"a{seed}"),
        "held_out_names": ("ß",),
    }
    return SavedModel(**(fields | changes))


def plain(model: SavedModel) -> tuple[Any, ...]:
    weights = {n: (a.dtype.str, a.shape, a.tobytes()) for n, a in model.weights.items()}
    facts = json.dumps(model.facts)
    names = model.train_names, model.held_out_names
    return model.config, model.vocabulary, weights, facts, names


def refusal(call: Callable[[], Any]) -> str:
    """Return the one line with which ``call`` is refused."""
    with pytest.raises(RunError) as caught:
        call()
    text = str(caught.value)
    assert text.isprintable() and len(text) < 700
    return text


def forge(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change an index and seal it again, as somebody with bad intent could."""
    fields = json.loads(path.read_bytes())
    change(fields)
    path.write_bytes(files._seal(fields))


def replace_payload(folder: Path, name: str, data: bytes, index: str = "model.json") -> None:
    (folder / name).write_bytes(data)
    record = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    forge(folder / index, lambda fields: fields["files"].update({name: record}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(tmp_path / "run", toy())
    return tmp_path / "run"


# Round trips


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.none() | st.lists(st.text().filter(lambda text: "\n" not in text), max_size=4).map(tuple)
CONFIGS = st.builds(
    ModelConfig,
    cell=st.sampled_from(["gru", "lstm", "rnn"]),
    units=st.integers(1, 4),
    layers=st.integers(1, 3),
    embedding=st.integers(1, 3),
    dropout=st.floats(0, 0.99),
)
VOCABULARIES = st.sets(st.characters(exclude_categories=["Cs"])).map(
    lambda found: Vocabulary(tuple(sorted(found)))
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
    assert "rnn.0.bias has NaN or inf" in refusal(lambda: save_model(folder, toy(weights=weights)))
    del weights["rnn.0.bias"]
    good = load_model(folder).weights["rnn.0.bias"]
    bad = good.copy()
    bad[1, 3] = value
    replace_payload(folder, "model.safetensors", save(weights | {"rnn.0.bias": bad}))
    assert "rnn.0.bias has NaN or inf" in refusal(lambda: load_model(folder))


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


# Damage


def each_bit(data: bytes, positions: Iterator[int] | range) -> Iterator[bytes]:
    for position in positions:
        for bit in range(8):
            copy = bytearray(data)
            copy[position] ^= 1 << bit
            yield bytes(copy)


@pytest.mark.parametrize("name", sorted(MODEL_FILES))
def test_every_flipped_bit_is_found(folder: Path, name: str) -> None:
    data = (folder / name).read_bytes()
    step = 1 if name != "model.safetensors" else 3
    for flipped in each_bit(data, range(0, len(data), step)):
        (folder / name).write_bytes(flipped)
        refusal(lambda: load_model(folder))
    (folder / name).write_bytes(data)
    assert plain(load_model(folder)) == plain(toy())


@pytest.mark.parametrize("name", sorted(MODEL_FILES))
def test_a_file_that_is_too_short_or_too_long_is_refused(folder: Path, name: str) -> None:
    data = (folder / name).read_bytes()
    for cut in (*range(0, len(data), 7), len(data) - 1):
        (folder / name).write_bytes(data[:cut])
        refusal(lambda: load_model(folder))
    for more in (b"\0", b"\n", b" "):
        (folder / name).write_bytes(data + more)
        refusal(lambda: load_model(folder))


def test_every_flipped_bit_of_a_state_is_found(tmp_path: Path) -> None:
    save_state(tmp_path, {"step": np.array(1)}, {"epoch": 1})
    for name in ("training.json", "training.safetensors"):
        data = (tmp_path / name).read_bytes()
        for flipped in each_bit(data, range(len(data))):
            (tmp_path / name).write_bytes(flipped)
            refusal(lambda: load_state(tmp_path))
        (tmp_path / name).write_bytes(data)
    assert load_state(tmp_path)[1] == {"epoch": 1}


class Bomb:
    def __reduce__(self) -> Any:
        return Path.touch, (Path("exploded"),)


def foreign() -> dict[str, bytes]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a", "b")
    return {
        "empty": b"",
        "text": b"Tyrannosaurus\nTriceratops\n",
        "zip": archive.getvalue(),
        "pickle": pickle.dumps(Bomb()),
        "safetensors": save({"embedding": np.zeros((3, 2), np.float32)}),
        "list": b"[1, 2]\n",
        "null": b"null",
        "object": b"{}",
        "nested": b"[" * 200_000,
        "nested object": b'{"format":' * 100_000,
        "huge number": b'{"format": "charloom model", "version": ' + b"9" * 10_000 + b"}",
        "large number": b'{"format": "charloom model", "version": ' + b"9" * 4_000 + b"}",
        "utf-16": '{"format": "charloom model"}'.encode("utf-16"),
        "byte order mark": b"\xef\xbb\xbf{}",
        "zeros": bytes(1000),
        "random": random.Random(0).randbytes(1000),
    }


@pytest.mark.parametrize("kind", foreign())
@pytest.mark.parametrize("name", sorted(MODEL_FILES))
def test_foreign_files_are_refused_and_run_no_code(
    folder: Path, name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    data = foreign()[kind]
    (folder / name).write_bytes(data)
    assert name in refusal(lambda: load_model(folder))
    if name == "model.safetensors":  # even when the index vouches for it
        replace_payload(folder, name, data)
        refusal(lambda: load_model(folder))
    assert not (folder / "exploded").exists()


@pytest.mark.parametrize("name", sorted(MODEL_FILES))
def test_what_is_no_file_is_refused(folder: Path, name: str) -> None:
    path = folder / name
    path.unlink()
    path.mkdir()
    assert name in refusal(lambda: load_model(folder))
    path.rmdir()
    os.mkfifo(path)  # opening it would wait for ever
    assert name in refusal(lambda: load_model(folder))
    path.unlink()
    path.symlink_to("/dev/zero")
    assert name in refusal(lambda: load_model(folder))


def test_what_is_missing_is_named(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    assert "model.safetensors is missing" in refusal(lambda: load_model(folder))
    (folder / "model.json").unlink()
    assert "model.json is missing" in refusal(lambda: load_model(folder))
    assert "training.json is missing" in refusal(lambda: load_state(folder))
    assert "is no folder" in refusal(lambda: load_model(folder / "nowhere"))
    (folder / "a.txt").write_text("a")
    assert "is a file" in refusal(lambda: load_model(folder / "a.txt"))
    refusal(lambda: load_model(folder / "nul\0"))
    refusal(lambda: load_model(folder / ("long" * 100)))


def test_a_file_that_may_not_be_read_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: Any, **__: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    assert "model.json cannot be read: Permission denied" in refusal(lambda: load_model(folder))


def test_a_newer_format_asks_for_an_upgrade(folder: Path) -> None:
    forge(folder / "model.json", lambda fields: fields.update(version=2))
    assert "written by a newer charloom (format 2; this one reads 1): upgrade charloom" in refusal(
        lambda: load_model(folder)
    )


def test_a_model_is_no_state(folder: Path) -> None:
    (folder / "model.json").rename(folder / "training.json")
    assert "is no charloom training state" in refusal(lambda: load_state(folder))


# Forged files: the seal is right, the content is not


def test_an_absurd_configuration_is_refused_before_memory_is_taken(folder: Path) -> None:
    data = (folder / "model.json").read_bytes()
    for units, layers in ((16384, 16), (4096, 1)):
        (folder / "model.json").write_bytes(data)
        change = {"units": units, "layers": layers}
        forge(folder / "model.json", lambda fields, c=change: fields["config"].update(c))
        tracemalloc.start()
        text = refusal(lambda: load_model(folder))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert "bytes" in text and peak < 2**20


def test_a_promised_size_takes_no_memory_until_the_file_has_it(folder: Path) -> None:
    def promise(fields: dict[str, Any]) -> None:
        fields["files"]["train_names.txt"]["bytes"] = 2**30

    forge(folder / "model.json", promise)
    tracemalloc.start()
    refusal(lambda: load_model(folder))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**20


def test_a_huge_index_is_refused_unread(folder: Path) -> None:
    with (folder / "model.json").open("r+b") as file:
        file.truncate(2**40)
    assert "bytes" in refusal(lambda: load_model(folder))


def leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in JSON data, as its container and its key."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from leaves(value[key])


ODD = [None, True, -1, 0, 10**4000, 1e308, "", "\ud7ff\n", "x" * 9000, [], [[]], {}, {"": {}}]


def test_wrong_types_anywhere_are_refused(folder: Path) -> None:
    data = (folder / "model.json").read_bytes()
    want = plain(toy())
    count = len(list(leaves(json.loads(data))))
    for place in range(count):
        for odd in [*ODD, ...]:
            fields = json.loads(data)
            container, key = list(leaves(fields))[place]
            if odd is ...:
                del container[key]
            else:
                container[key] = odd
            (folder / "model.json").write_bytes(files._seal(fields))
            try:
                model = load_model(folder)
            except RunError as error:
                assert str(error).isprintable() and len(str(error)) < 700
            else:  # only what has no rule of its own may differ
                assert plain(model)[2] == want[2]
                assert isinstance(model.facts, dict)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"units": 2', b'"units": 2, "units": 2'),
        (b'"units": 2', b'"units":  2'),
        (b'"seed": 0', b'"seed": NaN'),
        (b'"seed": 0', b'"seed": 1e999'),
        (b'"seed": 0', b'"seed": 00'),
        (b'"a"', b'"\\ud800"'),
        (b'"a"', b'"\\u0061"'),
    ],
)
def test_json_of_another_spelling_is_refused(folder: Path, old: bytes, new: bytes) -> None:
    path = folder / "model.json"
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new))
    refusal(lambda: load_model(folder))


@pytest.mark.parametrize(
    "change",
    [
        {"unit": "word"},
        {"unit": []},
        {"characters": ["a", "bc"]},
        {"characters": ["", "a"]},
        {"characters": ["b", "a"]},
        {"characters": ["a", "a"]},
        {"characters": ["a", 1]},
        {"characters": "ab"},
    ],
)
def test_a_vocabulary_out_of_order_is_refused(folder: Path, change: dict[str, Any]) -> None:
    forge(folder / "model.json", lambda fields: fields["vocabulary"].update(change))
    assert "describes no model" in refusal(lambda: load_model(folder))


def test_names_that_are_no_lines_of_utf_8_are_refused(folder: Path) -> None:
    for data in (b"\xff\n", b"ab", b"a\nb"):
        replace_payload(folder, "train_names.txt", data)
        assert "train_names.txt" in refusal(lambda: load_model(folder))


def test_random_damage_gives_a_refusal_or_the_same_model(folder: Path) -> None:
    rng = random.Random(0)
    want = plain(toy())
    whole = {name: (folder / name).read_bytes() for name in MODEL_FILES}
    for _ in range(800):
        name = rng.choice(sorted(MODEL_FILES))
        data = bytearray(whole[name])
        for _ in range(rng.randint(1, 4)):
            start = rng.randrange(len(data) + 1)
            stop = min(len(data), start + rng.choice([0, 1, 1, 2, 16, 400]))
            data[start:stop] = rng.choice(
                [b"", rng.randbytes(1), rng.randbytes(9), bytes(data[start:stop]) * 2, b"}", b"9"]
            )
        (folder / name).write_bytes(data)
        try:
            assert plain(load_model(folder)) == want
            assert data == whole[name]
        except RunError as error:
            assert str(error).isprintable() and len(str(error)) < 700
        (folder / name).write_bytes(whole[name])


def test_random_damage_to_a_vouched_safetensors_gives_a_refusal_or_weights(folder: Path) -> None:
    rng = random.Random(1)
    path = folder / "model.safetensors"
    index = (folder / "model.json").read_bytes()
    whole = path.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    for _ in range(500):
        data = bytearray(whole)
        start = rng.randrange(header)
        data[start : start + rng.randint(1, 3)] = rng.choice(
            [rng.randbytes(1), b"9", b"F", b'"', b"I32", b"[", b"\xff"]
        )
        (folder / "model.json").write_bytes(index)
        replace_payload(folder, path.name, bytes(data))
        try:
            assert plain(load_model(folder))[0] == toy().config
        except RunError as error:
            assert str(error).isprintable() and len(str(error)) < 700


# Saves that are stopped


class KilledError(BaseException):
    """The process is gone."""


class Machine:
    """The calls by which a save changes a disk; the n-th fails, or is the last thing to happen."""

    CALLS = ("open", "write", "fsync", "replace", "unlink", "mkdir")

    def __init__(self) -> None:
        self.log: list[tuple[str, str]] = []
        self.names: dict[int, str] = {}

    @contextlib.contextmanager
    def failing(
        self, at: int, *, error: OSError | None = None, for_good: bool = False
    ) -> Iterator[None]:
        """With ``error`` the call raises it; without one the process dies at the call."""
        real = {name: getattr(os, name) for name in self.CALLS}
        self.log.clear()

        def stand_in(name: str) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                count = len(self.log)
                target = self.names.get(args[0], "") if name in ("write", "fsync") else args[0]
                self.log.append((name, Path(target).name))
                if count >= at and error is None:
                    if count == at and name == "write":  # torn: half of it reached the disk
                        real["write"](args[0], args[1][: len(args[1]) // 2])
                    raise KilledError
                if count == at or (count > at and for_good and name == error_at):
                    raise error  # type: ignore[misc]
                if name == "fsync":
                    return None  # the tests' own disk needs none
                result = real[name](*args, **kwargs)
                if name == "open":
                    self.names[result] = str(args[0])
                return result

            return call

        error_at = "write"
        for name in self.CALLS:
            setattr(os, name, stand_in(name))
        try:
            yield
        finally:
            for name, function in real.items():
                setattr(os, name, function)


def count_calls(folder: Path, model: SavedModel) -> int:
    machine = Machine()
    with machine.failing(10**9):
        save_model(folder, model)
    return len(machine.log)


def litter(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - MODEL_FILES


OLD, NEW = plain(toy(0)), plain(toy(1))


def test_a_kill_at_any_call_leaves_the_old_model_or_the_new(tmp_path: Path) -> None:
    save_model(tmp_path / "count", toy(0))
    calls = count_calls(tmp_path / "count", toy(1))
    assert calls > 10
    seen = []
    for at in range(calls):
        folder = tmp_path / str(at)
        save_model(folder, toy(0))
        with Machine().failing(at), pytest.raises(KilledError):
            save_model(folder, toy(1))
        seen.append(plain(load_model(folder)))
        assert len(litter(folder)) <= 3
        save_model(folder, toy(2))
        assert plain(load_model(folder)) == plain(toy(2))
        assert not litter(folder)
    turn = seen.index(NEW)
    assert seen == [OLD] * turn + [NEW] * (calls - turn)


def test_a_kill_after_a_kill_leaves_a_model(tmp_path: Path) -> None:
    save_model(tmp_path / "count", toy(0))
    calls = count_calls(tmp_path / "count", toy(1))
    folder = tmp_path / "run"
    for first in range(calls):
        for second in range(0, calls + 4, 4):
            for again in (1, 2, 0):  # the model that was stopped, a third, and the old one
                save_model(folder, toy(0))
                with Machine().failing(first), pytest.raises(KilledError):
                    save_model(folder, toy(1))
                with Machine().failing(second), contextlib.suppress(KilledError):
                    save_model(folder, toy(again))
                assert plain(load_model(folder)) in (OLD, NEW, plain(toy(again)))


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EACCES])
def test_an_error_at_any_call_is_one_line_and_loses_no_model(tmp_path: Path, code: int) -> None:
    save_model(tmp_path / "count", toy(0))
    calls = count_calls(tmp_path / "count", toy(1))
    refused = 0
    for at in range(calls):
        folder = tmp_path / str(at)
        save_model(folder, toy(0))
        error = OSError(code, os.strerror(code))
        try:
            with Machine().failing(at, error=error):
                save_model(folder, toy(1))
        except RunError as caught:
            refused += 1
            assert os.strerror(code) in str(caught) and str(caught).isprintable()
            assert plain(load_model(folder)) in (OLD, NEW)
        else:  # the call was one that a save can do without
            assert plain(load_model(folder)) == NEW
        save_model(folder, toy(2))
        assert plain(load_model(folder)) == plain(toy(2))
        assert not litter(folder)
    assert refused > calls // 2


def test_a_full_disk_keeps_the_earlier_model_and_no_litter(folder: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    for seed in range(1, 4):
        machine = Machine()
        with machine.failing(0, error=full, for_good=True):
            text = refusal(lambda s=seed: save_model(folder, toy(s)))
        assert "No space left on device" in text
        assert plain(load_model(folder)) == OLD
    probe = Machine()
    with probe.failing(10**9):
        save_model(folder, toy(0))
    writes = [at for at, (name, _) in enumerate(probe.log) if name == "write"]
    for at in writes:
        with Machine().failing(at, error=full, for_good=True):
            refusal(lambda: save_model(folder, toy(1)))
        assert plain(load_model(folder)) == OLD
        assert not litter(folder)


def test_kills_in_a_row_leave_no_growing_litter(tmp_path: Path) -> None:
    for start in ("fresh", "used"):
        folder = tmp_path / start
        if start == "used":
            save_model(folder, toy(0))
        for seed in range(1, 60):
            with Machine().failing(5 + seed % 12), contextlib.suppress(KilledError):
                save_model(folder, toy(seed))
            assert len(litter(folder)) <= 6


def test_a_save_touches_no_file_of_others(folder: Path) -> None:
    others = ["notes.txt", "model.json.bak", "model.json.old.tmp", "x.0123456789abcdef.next"]
    for name in others:
        (folder / name).write_text("mine")
    save_model(folder, toy(1))
    assert litter(folder) == set(others)


def test_nothing_is_renamed_before_it_is_on_the_disk(folder: Path) -> None:
    machine = Machine()
    with machine.failing(10**9):
        save_model(folder, toy(1))
    log = machine.log
    commit = next(
        at
        for at, (call, name) in enumerate(log)
        if call == "replace" and name.startswith("model.json.")
    )
    moves = [at for at, (call, name) in enumerate(log) if call == "replace" and ".next" in name]
    asides = [
        at for at, (call, name) in enumerate(log[:commit]) if call == "replace" and ".tmp" in name
    ]
    syncs = [at for at, entry in enumerate(log) if entry == ("fsync", folder.name)]
    assert len(moves) == len(asides) == 2  # weights and training names; the others are unchanged
    for at in (*asides, commit):
        last = max(i for i, entry in enumerate(log[:at]) if entry[1] == log[at][1])
        assert log[last] == ("fsync", log[at][1])
    assert any(max(asides) < at < commit for at in syncs)
    assert any(commit < at < min(moves) for at in syncs)
    assert any(max(moves) < at for at in syncs)


def test_a_disk_that_takes_a_few_bytes_at_a_time_gets_them_all(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:100]))
    save_model(folder, toy(1))
    monkeypatch.undo()
    assert plain(load_model(folder)) == NEW


@pytest.mark.parametrize("seeds", [[1], [1, 2], [1, 0], [1, 2, 0]])
def test_saves_between_two_reads_do_not_disturb_the_reader(
    folder: Path, monkeypatch: pytest.MonkeyPatch, seeds: list[int]
) -> None:
    read = files._read
    left = list(seeds)

    def read_and_save(path: Path, limit: int) -> bytes | None:
        data = read(path, limit)
        if left and path.name in ("model.json", "model.safetensors"):
            save_model(folder, toy(left.pop(0)))
        return data

    monkeypatch.setattr(files, "_read", read_and_save)
    assert plain(load_model(folder)) == plain(toy(seeds[-1]))
    assert not left


SAVER = """
import itertools, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_checkpoint import toy
from charloom.checkpoint import save_model
for seed in itertools.count(int(sys.argv[3])):
    save_model(Path(sys.argv[1]), toy(seed))
    print(seed, flush=True)
"""


def test_a_real_kill_leaves_a_model_and_readers_see_no_gap(folder: Path) -> None:
    rng = random.Random(0)
    seed = 1
    for _ in range(4):
        saver = subprocess.Popen(
            [sys.executable, "-c", SAVER, folder, Path(__file__).parent, str(seed)],
            stdout=subprocess.PIPE,
        )
        assert saver.stdout is not None
        try:
            assert saver.stdout.readline()
            end = time.monotonic() + rng.uniform(0.01, 0.15)
            while time.monotonic() < end:
                model = load_model(folder)
                assert plain(model) == plain(toy(model.facts["seed"]))
        finally:
            saver.send_signal(signal.SIGKILL)
            lines = saver.communicate()[0].split()
        done = int(lines[-1]) if lines else seed
        model = load_model(folder)
        assert model.facts["seed"] in (done, done + 1)
        assert plain(model) == plain(toy(model.facts["seed"]))
        assert len(litter(folder)) <= 4
        seed = done + 2
    save_model(folder, toy(1))
    assert plain(load_model(folder)) == NEW and not litter(folder)


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
    assert plain(load_model(folder)) == NEW
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
    monkeypatch.setattr(checkpoint, "MAX_WEIGHT_BYTES", 64)
    assert "64" in refusal(lambda: load_model(folder))
    assert "64" in refusal(lambda: save_model(folder, toy()))
    monkeypatch.undo()
    monkeypatch.setattr(files, "MAX_INDEX_BYTES", 64)
    assert "64" in refusal(lambda: load_model(folder))
    assert "64" in refusal(lambda: save_model(folder, toy()))
