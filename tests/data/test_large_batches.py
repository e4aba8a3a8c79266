"""Names in arrays give the same batches and verdicts as a tuple of strings."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charloom.data.batches.names import NameBatches, bucket_count, bucket_edges, encode, histogram
from charloom.data.encoded import cache, hashes, sequences
from charloom.data.encoded.ragged import Ragged
from charloom.data.encoded.sequences import ArrayNames, EncodedNames, LineNames
from charloom.data.names import NameCorpus
from charloom.data.vocabulary import Vocabulary
from charloom.errors import VocabularyError
from charloom.generation import novelty
from charloom.generation.novelty import NameSet, Novelty, folded, name_set, normalised
from helpers.sources import Write, read

NAMES = st.lists(st.text("abcdé漢", min_size=1, max_size=9), min_size=1, max_size=80, unique=True)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARLOOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "sync", lambda _: None)  # these tests outlive no power cut


def encoded(write: Write, names: list[str] | tuple[str, ...]) -> EncodedNames:
    found = read(write("\n".join(names)), large_bytes=0).names
    assert isinstance(found, EncodedNames)
    return found


def lines_of(names: list[str] | tuple[str, ...]) -> LineNames:
    """Lines that are looked up by their hashes, unless another test says otherwise."""
    found = LineNames("".join(f"{name}\n" for name in names).encode())
    assert len(found.lookup.rows) == len(names)
    return found


# batches


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NAMES, st.data())
def test_encoded_names_make_the_batches_that_strings_make(
    write: Write, texts: list[str], data: st.DataObject
) -> None:
    names = NameCorpus.of(texts).names
    out = data.draw(st.sets(st.integers(0, len(names) - 1), max_size=len(names) - 1))
    train = tuple(name for i, name in enumerate(names) if i not in out)
    vocabulary = Vocabulary.of([*names, "xyz"])
    size, buckets = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 5))
    one, other = (
        NameBatches(encode(part, vocabulary), size, 3, buckets)
        for part in (train, encoded(write, names).without(np.array(sorted(out), np.int64)))
    )
    assert one.edges == other.edges
    assert one.padded_share == other.padded_share
    assert one.characters == other.characters
    for epoch in (0, 1):
        for step in range(one.steps_per_epoch):
            wanted, found = one.batch(epoch, step), other.batch(epoch, step)
            assert wanted.names == found.names
            for array in ("inputs", "targets", "mask"):
                a, b = getattr(wanted, array), getattr(found, array)
                assert a.dtype == b.dtype
                assert np.array_equal(a, b)


def test_names_with_a_character_that_the_vocabulary_lacks_are_refused(write: Write) -> None:
    with pytest.raises(VocabularyError, match="'b'"):
        encode(encoded(write, ["a", "b"]), Vocabulary.of(["a"]))


@given(st.integers(1, 40_000), st.integers(0, 9))
@settings(max_examples=20, deadline=None)
def test_a_short_type_is_shuffled_as_a_permutation_is(n: int, seed: int) -> None:
    order = np.arange(n, dtype=np.min_scalar_type(-n))
    one, other = np.random.default_rng(seed), np.random.default_rng(seed)
    one.shuffle(order)
    assert np.array_equal(order, other.permutation(n))
    assert one.integers(1 << 60) == other.integers(1 << 60)


@settings(deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=60), st.integers(1, 9), st.integers(1, 5))
def test_an_epoch_is_the_plan_that_lists_of_batches_made(
    lengths: list[int], size: int, buckets: int
) -> None:
    """The earlier way, batch by batch: what does not fill a bucket moves up into the next."""
    sizes = np.array(lengths)
    batches = NameBatches(Ragged.of(np.ones(sizes.sum(), np.int32), sizes), size, 5, buckets)
    rng = np.random.default_rng([5, 2, 1])
    order = rng.permutation(len(sizes))
    bucket_of = np.searchsorted(batches.edges, sizes)[order]
    plan, left = [], order[:0]
    for bucket, edge in enumerate(batches.edges):
        members = np.concatenate([left, order[bucket_of == bucket]])
        last = bucket == len(batches.edges) - 1
        full = len(members) if last else len(members) - len(members) % size
        plan += [(edge, members[low : low + size][: full - low]) for low in range(0, full, size)]
        left = members[full:]
    assert len(plan) == batches.steps_per_epoch
    for step, place in enumerate(rng.permutation(len(plan))):
        edge, members = plan[place]
        batch = batches.batch(1, step)
        assert batch.inputs.shape == (size, edge + 1)
        assert np.array_equal(batch.mask.sum(axis=1)[: batch.names] - 1, sizes[members])
    cells = sum(batches.batch(0, step).mask.size for step in range(len(plan)))
    assert batches.padded_share == 1 - batches.characters / cells


def test_lengths_are_counted_alike_in_pieces() -> None:
    lengths = (np.random.default_rng(0).poisson(9, 5000) + 1).astype(np.uint8)
    wanted = [bucket_edges(lengths, n) for n in (1, 3, 8)], bucket_count(lengths, 10**6, 14)
    wide = lengths.astype(np.int64)
    assert wanted == ([bucket_edges(wide, n) for n in (1, 3, 8)], bucket_count(wide, 10**6, 14))
    values, counts = histogram(lengths)
    for chunk in (700, 5000, 5001):
        again = histogram(lengths, chunk)
        assert np.array_equal(again[0], values)
        assert np.array_equal(again[1], counts)


# what is known


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NAMES, NAMES, NAMES)
def test_known_names_are_the_set_that_strings_are(
    write: Write, one: list[str], two: list[str], three: list[str]
) -> None:
    names = NameCorpus.of(one).names
    found = name_set(encoded(write, names), lines_of(two), tuple(three))
    wanted = {*names, *two, *three}
    assert isinstance(found, NameSet)
    assert sorted(found) == sorted(wanted)
    assert len(found) == len(wanted)
    assert all(name in found for name in wanted)
    assert not any(name + "x" in found for name in wanted)
    more = frozenset({"xy", one[0]})
    assert sorted(found | more) == sorted(more | found) == sorted(wanted | more)
    assert sorted(found | name_set(lines_of(["xy"]))) == sorted({*wanted, "xy"})
    assert found & more == wanted & more


def test_few_names_are_a_frozenset_and_none_are_false() -> None:
    assert name_set(("a", "b"), ["b", "c"]) == frozenset("abc")
    assert isinstance(name_set(("a",)), frozenset)
    assert not name_set(lines_of([]))
    assert name_set(lines_of(["a"]))


@pytest.mark.slow
def test_the_lines_of_a_file_are_used_like_a_tuple() -> None:
    names = (*(f"nàme {i}" for i in range(1000)), "", "x" * 1_100_000, *"abc" * 50)
    found = lines_of(names)
    assert tuple(found) == names
    assert len(found) == len(names)
    assert all(found[i] == names[i] for i in (*range(990, len(names)), 0, 63, 64, 65, -1, -1000))
    assert all(name in found for name in names)
    assert "z" not in found
    assert b"".join(found.lines()) == found.data
    for bad in (b"a\nb", b"a\xff\n"):
        with pytest.raises(ValueError, match=r"no end|utf-8"):
            LineNames(bad)


def test_the_first_few_names_are_looked_for_without_a_lookup(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = ["ab", "b", "", "é"]
    found = LineNames("".join(f"{name}\n" for name in names).encode(), scans=9)
    assert all(name in found for name in names)
    assert not any(name in found for name in ("a", "b\n", "ab\nb", "\ud800"))
    assert "lookup" not in found.__dict__
    assert "é" in found
    assert "ab" in found
    assert "lookup" in found.__dict__


def test_names_are_compared_in_nfc_and_folded_alike(write: Write) -> None:
    texts = ["Cafe\u0301", "STRASSE", "Zoë", "straße"]
    arrays = name_set(lines_of(texts), ("ÉMILE",))
    strings = frozenset([*texts, "ÉMILE"])
    for change in (normalised, folded):
        assert sorted(set(change(arrays))) == sorted(change(strings))
    assert "Café" in normalised(arrays)
    assert "Café" not in arrays
    plain = name_set(encoded(write, ["Zoë", "Anna"]), lines_of(["Emil"]))
    assert normalised(plain) is plain


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.text("abé\u0301AB", min_size=1, max_size=5), min_size=1, max_size=20),
    st.lists(st.text("abé\u0301AB", max_size=5), max_size=20),
    st.booleans(),
    st.booleans(),
    st.integers(1, 3),
)
def test_arrays_and_strings_judge_alike(
    names: list[str], texts: list[str], fold_case: bool, allow_known: bool, min_edits: int
) -> None:
    normal = sorted({unicodedata.normalize("NFC", name) for name in names})
    options = {"fold_case": fold_case, "allow_known": allow_known, "min_edits": min_edits}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(novelty, "BLOCK", 3)
        verdicts = [
            Novelty(known=kept, forbidden=frozenset({"ab"}), **options).judge(texts)
            for kept in (frozenset(normal), name_set(lines_of(normal)))
        ]
    assert verdicts[0] == verdicts[1]


def test_the_distance_to_forbidden_strings_counts_too() -> None:
    novelty = Novelty(known=name_set(lines_of(["zzzz"])), forbidden=frozenset({"ab"}), min_edits=2)
    assert novelty.judge(["abc", "zzz", "abcd"]) == ["near", "near", "new"]


def test_a_name_is_known_only_if_it_is_equal_not_if_its_hash_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hashes, "hash_of", lambda _: 7)
    monkeypatch.setattr(
        sequences, "hashes", lambda factors, sizes: np.full(len(sizes), 7, np.uint64)
    )
    found: ArrayNames = lines_of(["a", "b", "c"])
    assert [name in found for name in ("a", "c", "d")] == [True, True, False]
