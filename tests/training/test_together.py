"""What several processes of a training agree on, without starting any."""

from __future__ import annotations

import dataclasses
import itertools
import threading

import numpy as np
import pytest

from charloom.config import ModelConfig, TrainConfig
from charloom.data.batches.names import NameBatches, encode
from charloom.data.batches.tutorial import PaddedBatches, padded_rows
from charloom.data.batches.windows import TextBatches
from charloom.data.text import TextCorpus
from charloom.errors import TrainingError
from charloom.models.rnn.initial import initial_weights
from charloom.training.data import Batches
from charloom.training.schedule import Schedule
from charloom.training.together import (
    ALONE,
    EndedError,
    LostError,
    Pace,
    check_same,
    telling_of_others,
)

pytest.importorskip("jax")

from charloom.training.engines.jax import JaxEngine
from charloom.training.engines.jax_processes import Processes, joined
from charloom.training.engines.jax_rows import RowsEngine


class Board:
    """JAX's client of the coordination service, as far as it is used, for threads."""

    def __init__(self):
        self.messages, self.here, self.died = {}, threading.Condition(), False

    def key_value_set(self, key, value):
        with self.here:
            assert key not in self.messages
            self.messages[key] = value
            self.here.notify_all()

    def key_value_delete(self, key):
        del self.messages[key]

    def key_value_dir_get(self, key):
        return [one for one in self.messages.items() if one[0].startswith(f"{key}/")]

    def blocking_key_value_get(self, key, milliseconds):
        with self.here:
            if self.died:
                raise RuntimeError("UNAVAILABLE: Socket closed")
            if not self.here.wait_for(lambda: key in self.messages, 0.05):
                raise RuntimeError("DEADLINE_EXCEEDED")
            return self.messages[key]

    def wait_at_barrier(self, name, milliseconds):
        raise RuntimeError("nobody is here")


def processes(count):
    board = Board()
    return [Processes(board, rank, count) for rank in range(count)], board


def in_threads(*works):
    """Do all works at once; return what each returned or raised."""
    found = [None] * len(works)

    def keep(place, work):
        try:
            found[place] = work()
        except Exception as error:  # noqa: BLE001 (the test looks at it)
            found[place] = error

    threads = [threading.Thread(target=keep, args=one) for one in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    return found


# Messages


def test_all_take_the_value_of_the_first_and_the_first_gets_those_of_all():
    (first, second, third), _ = processes(3)
    values = in_threads(*(lambda one=one: one.agreed(one.rank + 0.1) for one in (third, first)))
    assert values == [0.1, 0.1] and second.agreed(9) == 0.1
    gathered = in_threads(
        *(lambda one=one: one.gathered([one.rank]) for one in (first, second, third))
    )
    assert gathered == [[[0], [1], [2]], [], []]
    assert first.agreed(np.float64(0.1) * 3) == second.agreed(None) == 0.1 * 3


def test_messages_that_all_have_read_are_dropped():
    (first, second), board = processes(2)
    for number in range(3000):
        first.agreed(number)
        assert second.agreed(None) == number
    assert len(board.messages) <= 1000


def test_what_fails_in_a_process_is_told_by_the_first_and_ends_all():
    (first, second, third), _ = processes(3)
    second.told_failure("x.txt does not exist.")
    third.gathered("fine")
    with pytest.raises(TrainingError, match=r"^process 1: x.txt does not exist.$"):
        first.gathered("fine")
    first.told_failure("told")
    with pytest.raises(EndedError):
        third.agreed(None)


def test_a_first_process_that_has_died_is_lost():
    (_, second), board = processes(2)
    board.died = True
    with pytest.raises(LostError):
        second.agreed(None)


def test_any_process_can_ask_to_stop():
    (first, second), board = processes(2)
    assert not first.any_asked(False)
    assert first.any_asked(True)
    for _ in range(3):
        second.any_asked(True)
    assert first.any_asked(False) and len(board.messages) == 1


def test_processes_that_are_given_other_things_are_told_apart():
    (first, second), _ = processes(2)
    facts = {"corpus": "a1", "seed": 0}
    found = in_threads(lambda: check_same(first, facts), lambda: check_same(second, facts))
    assert found == [None, None]
    second.gathered({"corpus": "a1", "seed": "3"})
    with pytest.raises(TrainingError, match=r"the same seed\. Process 1 has 3, process 0 0"):
        check_same(first, facts)


def test_an_error_of_a_sum_is_that_of_a_lost_process():
    def events(message):
        yield 1
        raise ValueError(message)

    with pytest.raises(LostError):
        list(telling_of_others(events("UNKNOWN: Gloo all-reduce failed: Read error")))
    with pytest.raises(ValueError, match="mine"):
        list(telling_of_others(events("mine")))


def test_without_a_cluster_one_line_says_how_to_give_the_others(monkeypatch):
    monkeypatch.setattr("jax.distributed.initialize", raising(ValueError("none")))
    with pytest.raises(TrainingError, match="--coordinator HOST:PORT --num-processes N"):
        joined(None, None, None, 5).__enter__()


def test_an_early_jax_is_refused(monkeypatch):
    monkeypatch.delattr("jax.shard_map")
    with pytest.raises(TrainingError, match=r"--distributed needs JAX 0.7, and JAX .* Intel Mac"):
        joined("localhost:1", 2, 1, 5).__enter__()


def test_a_coordinator_that_does_not_answer_is_named():
    with pytest.raises(TrainingError, match=r"no coordinator answers at 127\.0\.0\.1:1 within 0 s"):
        joined("127.0.0.1:1", 2, 1, 0).__enter__()


def raising(error):
    def fail(*_, **__):
        raise error

    return fail


# Decisions


class Told:
    """A process that hears what the first one decided."""

    rank, count, distributed = 1, 2, True

    def __init__(self, *answers):
        self.answers = list(answers)

    def agreed(self, value):
        return self.answers.pop(0)


def test_the_first_process_decides_at_the_steps_that_it_has_announced():
    pace = Pace(Told([0.1, False, False, 4], [0.2, True, False, 9]), 0)

    def decide():
        return 0.7, False, True

    assert pace.decided(1, decide, now=False) == (0.1, False, False)
    assert pace.decided(2, decide, now=False) is pace.decided(3, decide, now=False) is None
    assert pace.decided(4, decide, now=False) == (0.2, True, False)


def test_a_step_at_which_all_save_is_always_asked_about():
    pace = Pace(Told([0.0, False, False, 100], [0.0, False, True, 200]), 0)
    assert pace.decided(1, tuple, now=False) == (0.0, False, False)
    assert pace.decided(50, tuple, now=True) == (0.0, False, True)


def test_a_told_clock_decides_the_progress():
    schedule = Schedule(TrainConfig(), 100, 0.0)
    schedule.told = 0.6
    assert schedule.progress(10) == 0.6 and schedule.progress(80) == 0.8


def test_alone_all_rows_are_ones_own():
    assert ALONE.rows(8) is None and ALONE.agreed("x") == "x" and ALONE.gathered(1) == [1]
    assert ALONE.any_asked(True)


# Rows


def parts_of(batches: Batches, size: int, count: int):
    each = -(-size // count)
    field = "part" if isinstance(batches, PaddedBatches) else "rows"
    return [
        dataclasses.replace(batches, **{field: range(rank * each, (rank + 1) * each)})
        for rank in range(count)
    ]


def all_batches(toy):
    labels = np.arange(len(toy.names), dtype=np.int32) % 3
    text = TextCorpus.of(" ".join(toy.names))
    return {
        "names": NameBatches(encode(toy.names, toy.vocabulary), 16, 1, 2, labels, 0.3),
        "text": TextBatches(text, len(text), 16, 7, 1),
        "tutorial": PaddedBatches(padded_rows(toy.names, toy.vocabulary), 16, 1),
    }


@pytest.mark.parametrize("kind", ["names", "text", "tutorial"])
@pytest.mark.parametrize("count", [2, 3, 16])
def test_the_rows_of_all_processes_are_the_batch(toy, kind, count):
    whole = all_batches(toy)[kind]
    parts = parts_of(whole, 16, count)
    for step in range(whole.steps_per_epoch):
        wanted, found = whole.batch(2, step), [part.batch(2, step) for part in parts]
        for name in ("inputs", "targets", "mask", "labels"):
            if (array := getattr(wanted, name)) is not None:
                joint = np.concatenate([getattr(part, name) for part in found])
                assert np.array_equal(joint[:16], array)
                assert name != "mask" or not joint[16:].any()
        for part in found:
            assert part.characters == wanted.characters == float(wanted.mask.sum())
            assert (part.names, part.continues) == (wanted.names, wanted.continues)


@pytest.mark.parametrize("units", [4, 5])
def test_dropout_of_some_rows_is_that_of_the_whole_batch(units):
    model = ModelConfig(kind="network", units=units, embedding=3, layers=2, dropout=0.4)
    training = TrainConfig(batch_size=7)
    weights = initial_weights(model, 6, 0)
    engine = RowsEngine(model, training, weights, 1.0)
    whole = JaxEngine(model, training, weights, 1.0)
    for count, rows in itertools.product((0, 3), (range(7), range(3), range(3, 6))):
        engine._count = whole._count = count
        engine._rows = rows
        assert np.array_equal(engine._uniform(), whole._uniform()[:, rows.start : rows.stop])


def test_a_state_that_is_shared_keeps_every_bit():
    model = ModelConfig(kind="network", units=4, embedding=3)
    engine = RowsEngine(model, TrainConfig(batch_size=4), initial_weights(model, 6, 0), 1.0)
    state = engine.state() | {"odd": np.array([-0.0, np.nan, 1e-45], np.float32)}
    shared = engine.shared(state)
    assert {name: value.tobytes() for name, value in shared.items()} == {
        name: value.tobytes() for name, value in state.items()
    }
    assert all(shared[name].dtype == value.dtype for name, value in state.items())
