"""What a training leaves for TensorBoard, read back from the event file."""

from __future__ import annotations

import importlib.util
import math
import struct
import subprocess
import sys

import pytest

from charloom.config import ModelConfig
from charloom.data.vocabulary import Vocabulary
from charloom.errors import RunError, TrainingError
from charloom.training.events import Evaluated, Finished, Started, Step, Warned
from charloom.training.tensorboard import recorded

needs_tensorboardx = pytest.mark.skipif(
    importlib.util.find_spec("tensorboardX") is None, reason="needs the package tensorboardX"
)


def started(counted="names"):
    return Started(
        model=ModelConfig(units=2, embedding=2), vocabulary=Vocabulary(("a",)), labels=(),
        backend="jax", counted=counted, parameters=1, train_size=8, held_out_size=2,
        steps_per_epoch=2, epochs=2, padded_share=0.0,
    )  # fmt: skip


def step(number, loss=None):
    return Step(
        epoch=(number + 1) // 2, step=number, progress=number / 4, nats_per_char=3.0,
        batch_nats_per_char=3 - number / 8 if loss is None else loss,
        learning_rate=2.0**-number, names_per_second=100.0 + number,
        characters_per_second=1000.0 + number, seconds_left=1.0,
    )  # fmt: skip


def evaluated(epoch, held_out=2.5, windows=None):
    return Evaluated(
        epoch=epoch, step=2 * epoch, train_nats_per_char=2.75, held_out_nats_per_char=held_out,
        held_out_window_nats_per_char=windows, best=True, seconds=1.0, weights={},
    )  # fmt: skip


def training(counted="names", **changes):
    """A training of two epochs of two steps."""
    yield started(counted)
    for epoch in (1, 2):
        yield step(2 * epoch - 1)
        yield step(2 * epoch)
        yield evaluated(epoch, **changes)


def read(folder):
    """Every record of the folder's event files, in the order of their names."""
    from tensorboardX.proto.event_pb2 import Event

    records = []
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        while data:
            (length,) = struct.unpack("<Q", data[:8])
            records.append(Event.FromString(data[12 : 12 + length]))
            data = data[16 + length :]
    return records


def scalars(folder):
    found = {}
    for record in read(folder):
        for value in record.summary.value:
            found.setdefault(value.tag, []).append((record.step, value.simple_value))
    return found


@needs_tensorboardx
def test_losses_rate_and_speed_are_recorded_by_step_and_by_epoch(tmp_path):
    events = list(training())
    assert list(recorded(iter(events), tmp_path / "logs")) == events
    assert scalars(tmp_path / "logs") == {
        "loss/train": [(n, 3 - n / 8) for n in (1, 2, 3, 4)],
        "learning_rate": [(n, 2.0**-n) for n in (1, 2, 3, 4)],
        "speed/names_per_second": [(n, 100.0 + n) for n in (1, 2, 3, 4)],
        "loss/held_out": [(2, 2.5), (4, 2.5)],
        "epoch/loss/train": [(1, 2.75), (2, 2.75)],
        "epoch/loss/held_out": [(1, 2.5), (2, 2.5)],
    }


@needs_tensorboardx
def test_text_has_its_own_speed_and_both_held_out_losses(tmp_path):
    list(recorded(training("characters", windows=2.625), tmp_path))
    found = scalars(tmp_path)
    assert found["speed/characters_per_second"][0] == (1, 1001.0)
    assert found["loss/held_out_windows"] == [(2, 2.625), (4, 2.625)]
    assert "speed/names_per_second" not in found


@needs_tensorboardx
def test_values_that_are_not_finite_are_left_out(tmp_path):
    events = [started(), step(1, loss=math.nan), step(2, loss=math.inf), evaluated(1, None)]
    list(recorded(iter(events), tmp_path))
    found = scalars(tmp_path)
    assert "loss/train" not in found and "loss/held_out" not in found
    assert len(found["learning_rate"]) == 2


@needs_tensorboardx
def test_a_resumed_training_replaces_records_from_its_first_step(tmp_path):
    first = list(training())
    list(recorded(iter(first), tmp_path))
    list(recorded(iter([started(), *first[4:]]), tmp_path))
    sessions = [r.step for r in read(tmp_path) if r.HasField("session_log")]
    assert len(list(tmp_path.iterdir())) == 2
    assert sessions == [3]


@needs_tensorboardx
def test_an_abandoned_training_is_closed_and_its_records_are_on_disk(tmp_path):
    closed = []

    def endless():
        try:
            yield started()
            number = 0
            while True:
                number += 1
                yield step(number)
        finally:
            closed.append(True)

    watched = recorded(endless(), tmp_path)
    for event in watched:
        if isinstance(event, Step) and event.step == 3:
            break
    watched.close()
    assert closed == [True]
    assert [number for number, _ in scalars(tmp_path)["learning_rate"]] == [1, 2, 3]


@needs_tensorboardx
def test_a_training_that_fails_keeps_its_records(tmp_path):
    def failing():
        yield started()
        yield step(1)
        raise TrainingError("the loss became nan")

    with pytest.raises(TrainingError, match="nan"):
        list(recorded(failing(), tmp_path))
    assert len(scalars(tmp_path)["learning_rate"]) == 1


@needs_tensorboardx
def test_nothing_is_made_before_training_starts(tmp_path):
    def refused():
        raise RunError("in use")
        yield

    with pytest.raises(RunError, match="in use"):
        list(recorded(refused(), tmp_path / "logs"))
    assert list(tmp_path.iterdir()) == []


@needs_tensorboardx
def test_a_folder_that_cannot_be_made_is_one_line_before_the_first_step(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="Choose another folder"):
        list(recorded(training(), tmp_path / "file" / "logs"))


@needs_tensorboardx
def test_a_full_disk_ends_the_recording_but_not_the_training(tmp_path, monkeypatch):
    from tensorboardX.event_file_writer import EventsWriter

    written = []

    def write(self, record):
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(record)

    monkeypatch.setattr(EventsWriter, "write_event", write)
    events = list(training())
    came = list(recorded(iter(events), tmp_path))
    warnings = [event for event in came if isinstance(event, Warned)]
    assert [event for event in came if not isinstance(event, Warned)] == events
    assert len(warnings) == 1
    assert "No space left on device; nothing more is recorded" in warnings[0].message


def test_without_the_package_the_remedy_comes_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(TrainingError, match=r"pip install 'charloom\[tensorboard\]'"):
        recorded(iter([Finished]), tmp_path)


def test_tensorboardx_is_imported_only_for_recording():
    code = "import charloom.training.tensorboard, sys; print('tensorboardX' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "False"
