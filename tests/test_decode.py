"""The decode loop on a toy model whose every string can be enumerated."""

from __future__ import annotations

import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.config import ModelConfig, SampleConfig
from charloom.errors import ConfigError
from charloom.generation import decode
from charloom.generation.decode import Strings, draw
from charloom.generation.samplers import Sampler
from charloom.models import threads
from charloom.models.numpy_rnn import NumpyRNN
from charloom.models.shapes import weight_shapes

NOTHING = np.empty(0, dtype=np.int32)


def toy(cell: str = "gru", vocabulary_size: int = 3, layers: int = 1, seed: int = 0) -> NumpyRNN:
    """A model whose next id depends much on what came before."""
    config = ModelConfig(cell=cell, units=4, layers=layers, embedding=2)
    rng = np.random.default_rng(seed)
    shapes = weight_shapes(config, vocabulary_size)
    return NumpyRNN(config, {k: rng.normal(0, 1.2, s).astype("f4") for k, s in shapes.items()})


def drawn(
    rnn: NumpyRNN, draws: int, *, prompt=(), max_length: int = 3, seed: int = 0, threads=1, **config
) -> Strings:
    return draw(
        rnn,
        Sampler(SampleConfig(**config)),
        draws,
        prompt=np.array(prompt, dtype=np.int32),
        max_length=max_length,
        seed=np.random.SeedSequence(seed),
        threads=threads,
    )


def as_dict(strings: Strings) -> dict[tuple[int, ...], tuple[int, float]]:
    """Each string's draws and nats; every string may be there only once."""
    parts = np.split(strings.ids, np.cumsum(strings.lengths)[:-1]) if len(strings.lengths) else []
    keys = [tuple(part.tolist()) for part in parts]
    assert len(set(keys)) == len(keys) == len(strings.draws) == len(strings.nats)
    values = zip(strings.draws.tolist(), strings.nats.tolist(), strict=True)
    return dict(zip(keys, values, strict=True))


def enumerated(rnn: NumpyRNN, *, prompt=(), max_length: int = 3, **config):
    """Each string's probability under the sampler, and its nats under the model, step by step."""
    sampler = Sampler(SampleConfig(**config))
    plain = Sampler()
    found: dict[tuple[int, ...], tuple[float, float]] = {}

    def walk(ids: tuple[int, ...], last: int, carry, log_p: float, nats: float) -> None:
        logits, carry = rnn.step(np.array([last]), carry)
        own, model = sampler.log_probabilities(logits)[0], plain.log_probabilities(logits)[0]
        if len(ids) < len(prompt):
            following = prompt[len(ids)]
            walk((*ids, following), following, carry, log_p, nats - model[following])
            return
        for following in np.flatnonzero(np.isfinite(own)).tolist():
            p, n = log_p + own[following], nats - model[following]
            if following == 0:
                found[ids[len(prompt) :]] = (float(np.exp(p)), float(n))
            elif len(ids) < max_length:
                walk((*ids, following), following, carry, p, n)

    walk((), 0, rnn.initial_carry(1), 0.0, 0.0)
    return found


def assert_follows(counts: dict[tuple[int, ...], int], exact, draws: int) -> None:
    """Every count within five standard deviations of what is expected, and none impossible."""
    assert set(counts) <= set(exact)
    for string, (p, _) in exact.items():
        tolerance = 5 * np.sqrt(draws * p * (1 - p)) + 1
        assert abs(counts.get(string, 0) - draws * p) <= tolerance, (string, p)


@pytest.fixture
def small_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks and units so small that a few draws go through all of the machinery."""
    monkeypatch.setattr(decode, "UNIT", 500)
    monkeypatch.setattr(decode, "WIDE", 6)
    monkeypatch.setattr(decode, "BLOCK", 3)


@pytest.mark.parametrize("cell", ["gru", "lstm", "rnn"])
@pytest.mark.parametrize("layers", [1, 2])
def test_draws_follow_the_exact_distribution(cell: str, layers: int) -> None:
    rnn = toy(cell, layers=layers)
    strings = as_dict(drawn(rnn, 50_000))
    exact = enumerated(rnn)
    assert len(exact) == 15
    assert_follows({k: n for k, (n, _) in strings.items()}, exact, 50_000)


@pytest.mark.parametrize(
    "config",
    [{"temperature": 0.5}, {"temperature": 2}, {"top_k": 2}, {"top_p": 0.7}, {"min_p": 0.4}],
)
def test_draws_follow_the_sampler(config: dict) -> None:
    rnn = toy(vocabulary_size=4)
    strings = as_dict(drawn(rnn, 50_000, **config))
    assert_follows({k: n for k, (n, _) in strings.items()}, enumerated(rnn, **config), 50_000)


def test_units_in_parallel_follow_the_exact_distribution(small_units: None) -> None:
    rnn = toy(vocabulary_size=4)
    strings = as_dict(drawn(rnn, 50_000, max_length=4, threads=3))
    exact = enumerated(rnn, max_length=4)
    assert_follows({k: n for k, (n, _) in strings.items()}, exact, 50_000)


def test_draws_that_share_nothing_follow_the_same_distribution() -> None:
    rnn = toy()
    counts = Counter(next(iter(as_dict(drawn(rnn, 1, seed=s))), None) for s in range(2000))
    counts.pop(None, None)  # unfinished
    assert_follows(counts, enumerated(rnn), 2000)


def test_nats_are_the_models_own_whatever_the_sampler() -> None:
    rnn = toy(vocabulary_size=4)
    for config in ({}, {"temperature": 0.7}, {"temperature": 0}, {"top_k": 2}):
        exact = enumerated(rnn, max_length=6)
        for string, (_, nats) in as_dict(drawn(rnn, 500, max_length=6, **config)).items():
            assert nats == pytest.approx(exact[string][1], abs=1e-5)


def test_every_string_begins_after_the_prompt() -> None:
    rnn = toy()
    strings = as_dict(drawn(rnn, 50_000, prompt=(2, 1)))
    exact = enumerated(rnn, prompt=(2, 1))
    assert set(exact) == {(), (1,), (2,)}  # max_length counts the prompt
    assert_follows({k: n for k, (n, _) in strings.items()}, exact, 50_000)
    for string, (_, nats) in strings.items():  # and nats too
        assert nats == pytest.approx(enumerated(rnn)[(2, 1, *string)][1], abs=1e-5)


def test_what_has_not_ended_at_max_length_is_dropped_never_cut() -> None:
    rnn = toy()
    strings = drawn(rnn, 20_000, max_length=2)
    share = sum(p for p, _ in enumerated(rnn, max_length=2).values())
    assert share < 0.95  # or there would be nothing to see
    assert strings.draws.sum() / 20_000 == pytest.approx(share, abs=0.02)
    assert strings.lengths.max() == 2  # a string of just that length may end


def test_a_prompt_as_long_as_max_length_may_only_end() -> None:
    assert set(as_dict(drawn(toy(), 1000, prompt=(1, 2), max_length=2))) == {()}


def test_zero_temperature_ignores_the_seed_and_is_the_most_likely_way() -> None:
    rnn = toy(vocabulary_size=5, seed=3)
    ids, carry, last = [], rnn.initial_carry(1), 0
    while len(ids) <= 40:
        logits, carry = rnn.step(np.array([last]), carry)
        last = int(logits.argmax())
        if last == 0:
            break
        ids.append(last)
    assert last == 0  # this toy does end
    for seed in (0, 1):
        strings = as_dict(drawn(rnn, 100, max_length=40, temperature=0, seed=seed))
        assert {k: n for k, (n, _) in strings.items()} == {tuple(ids): 100}
        assert strings == as_dict(drawn(rnn, 100, max_length=40, top_k=1, seed=seed))


def assert_same(one: Strings, other: Strings) -> None:
    for field in ("ids", "lengths", "draws", "nats"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


def test_the_number_of_threads_changes_nothing(small_units: None) -> None:
    rnn = toy(vocabulary_size=6)
    one = drawn(rnn, 20_000, max_length=8, threads=1)
    assert len(one.lengths) > 1000
    for workers in (2, 5, None):
        assert_same(one, drawn(rnn, 20_000, max_length=8, threads=workers))


def test_the_seed_decides_and_another_one_decides_otherwise() -> None:
    rnn = toy()
    assert_same(drawn(rnn, 1000, seed=5), drawn(rnn, 1000, seed=5))
    assert drawn(rnn, 1000, seed=5).draws.tolist() != drawn(rnn, 1000, seed=6).draws.tolist()


def test_equal_prefixes_are_stepped_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rnn = toy()
    stepped = 0
    step = NumpyRNN.step

    def counting(self, ids, carry, out=None):
        nonlocal stepped
        stepped += len(ids)
        return step(self, ids, carry, out)

    monkeypatch.setattr(NumpyRNN, "step", counting)
    drawn(rnn, 10_000)
    assert stepped <= 15  # prefixes of up to three of two ids


def test_ended_strings_are_stepped_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    rnn = toy(vocabulary_size=30)
    rows = []
    step = NumpyRNN.step
    monkeypatch.setattr(
        NumpyRNN,
        "step",
        lambda self, ids, *rest: (rows.append(len(ids)), step(self, ids, *rest))[1],
    )
    strings = drawn(rnn, 200, max_length=50)
    # At most one step for each drawn id, the end included; fewer where prefixes are shared.
    unfinished = 200 - strings.draws.sum()
    assert sum(rows) <= (strings.draws * (strings.lengths + 1)).sum() + 51 * unfinished


@settings(max_examples=30, deadline=None)
@given(
    draws=st.integers(1, 3000),
    max_length=st.integers(1, 12),
    temperature=st.sampled_from([0, 0.3, 1, 3]),
    seed=st.integers(0, 1000),
)
def test_no_draw_is_counted_twice(draws, max_length, temperature, seed) -> None:
    rnn = toy(vocabulary_size=9, seed=1)
    strings = drawn(rnn, draws, max_length=max_length, temperature=temperature, seed=seed)
    assert strings.draws.sum() <= draws
    assert (strings.draws >= 1).all()
    assert strings.lengths.sum() == len(strings.ids)
    assert (strings.lengths <= max_length).all()
    assert ((strings.ids >= 1) & (strings.ids < 9)).all()
    as_dict(strings)


def test_memory_grows_with_the_length_not_with_its_square() -> None:
    config = ModelConfig(cell="rnn", units=1, embedding=1)
    weights = {k: np.zeros(s, dtype=np.float32) for k, s in weight_shapes(config, 3).items()}
    weights["logits.bias"][0] = -6  # about one step in 800 ends a string
    tracemalloc.start()
    strings = drawn(NumpyRNN(config, weights), 50, max_length=3000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert strings.lengths.max() > 1000
    assert peak < 10_000_000  # bytes; the ids of every prefix would take 100 times that


@pytest.mark.parametrize("workers", [0, -1])
def test_threads_below_one_are_refused(workers: int) -> None:
    with pytest.raises(ConfigError, match="threads must be 1 or more"):
        drawn(toy(), 10, threads=workers)


def test_results_come_in_the_order_of_the_jobs() -> None:
    assert threads.run(lambda job: job**2, range(50), 4) == [job**2 for job in range(50)]
    assert threads.run(lambda job: job, [], None) == []


def test_a_failing_job_fails_the_run() -> None:
    with pytest.raises(ZeroDivisionError):
        threads.run(lambda job: 1 / job, [1, 0, 2], 2)


def test_blas_has_one_thread_while_jobs_run_and_its_own_number_after() -> None:
    def blas_threads() -> list[int]:
        controller = threads._controller()
        return [lib.num_threads for lib in controller.select(user_api="blas").lib_controllers]

    def job(_: int) -> list[int]:
        return threads.run(lambda _: blas_threads(), [0], 1)[0]  # nested, as two callers would

    before = blas_threads()
    during = threads.run(job, range(4), 2)
    assert all(set(found) <= {1} for found in during)
    assert blas_threads() == before
