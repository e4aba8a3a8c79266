"""A damaged or forged run folder is refused in one line, and runs no code."""

from __future__ import annotations

import errno
import io
import json
import os
import pickle
import random
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save

from charloom.errors import RunError
from charloom.run import (
    STATE_FILES,
    load_model,
    load_state,
    save_state,
)
from charloom.storage import sets
from helpers.run_folders import MODEL_FILES, forge, plain, refusal, replace_payload, toy

# Damage


def each_bit(data: bytes, positions: Iterator[int] | range) -> Iterator[bytes]:
    for position in positions:
        for bit in range(8):
            copy = bytearray(data)
            copy[position] ^= 1 << bit
            yield bytes(copy)


@pytest.mark.heavy
@pytest.mark.slow
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


@pytest.mark.heavy
@pytest.mark.slow
def test_every_flipped_bit_of_a_state_is_found(tmp_path: Path) -> None:
    save_state(tmp_path, {"step": np.array(1)}, {"epoch": 1})
    for name in STATE_FILES:
        path = tmp_path / "checkpoints" / "000000000" / name
        data = path.read_bytes()
        for flipped in each_bit(data, range(len(data))):
            path.write_bytes(flipped)
            refusal(lambda: load_state(tmp_path))
        path.write_bytes(data)
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

    monkeypatch.setattr(os, "open", denied)
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
            (folder / "model.json").write_bytes(sets._seal(fields))
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
    assert "does not describe a model" in refusal(lambda: load_model(folder))


def test_names_that_are_no_lines_of_utf_8_are_refused(folder: Path) -> None:
    for data in (b"\xff\n", b"ab", b"a\nb", b"\n", b"a\n\nb\n"):
        replace_payload(folder, "train_names.txt", data)
        assert "train_names.txt" in refusal(lambda: load_model(folder))


@pytest.mark.heavy
@pytest.mark.slow
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


@pytest.mark.heavy
@pytest.mark.slow
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
