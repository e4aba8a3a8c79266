"""Names in arrays: used like a tuple, found by hashes, split by content."""

from __future__ import annotations

import hashlib
import random
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from charloom.data.encoded import cache
from charloom.data.encoded.hashes import Index, character_factors, hash_of, hashes
from charloom.data.encoded.sequences import ArrayNames, EncodedNames
from charloom.data.names import LargeNameCorpus, NameCorpus
from charloom.data.unicode import ODD, SPACE, Kinds, clean_name, unprintable
from charloom.data.vocabulary import Vocabulary
from helpers.sources import Write, read


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHARLOOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "sync", lambda _: None)  # these tests outlive no power cut


def encoded(write: Write, data: str | bytes, name: str = "names.txt") -> EncodedNames:
    found = read(write(data, name), large_bytes=0).names
    assert isinstance(found, EncodedNames)
    return found


# the sequence


LISTS = st.lists(st.text("abcé漢", min_size=1, max_size=9), min_size=1, max_size=200, unique=True)


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LISTS, st.data())
def test_encoded_names_are_used_like_a_tuple(
    write: Write, texts: list[str], data: st.DataObject
) -> None:
    wanted = NameCorpus.of(texts).names
    found = encoded(write, "\n".join(wanted))
    check_sequence(found, wanted)
    out = data.draw(st.sets(st.integers(0, len(wanted) - 1)))
    rest = found.without(np.array(sorted(out), np.int64))
    check_sequence(rest, tuple(n for i, n in enumerate(wanted) if i not in out))
    vocabulary = Vocabulary.of(wanted)
    ids, lengths = vocabulary.encode_all(wanted)
    own = found.under(vocabulary)
    assert (own.table[found.ids.end_to_end(np.arange(len(wanted)))] == ids).all()
    assert (found.lengths == lengths).all()


def check_sequence(found: ArrayNames, wanted: tuple[str, ...]) -> None:
    assert len(found) == len(wanted)
    assert tuple(found) == wanted
    assert [found[i] for i in range(-len(wanted), len(wanted))] == [*wanted, *wanted]
    assert found[2:-1:3] == wanted[2:-1:3]
    assert found[:12] == wanted[:12]
    assert all(name in found for name in wanted)
    assert not any(name + "x" in found for name in wanted)
    assert "" not in found
    assert 7 not in found
    data = b"".join(found.lines())
    assert data == "".join(f"{name}\n" for name in wanted).encode()
    assert found.sealed[0] == len(data)
    for place in (len(wanted), -len(wanted) - 1):
        with pytest.raises(IndexError):
            found[place]


# hashes and kinds of characters


@given(st.lists(st.text(st.characters(exclude_characters="\n"), max_size=20), max_size=20))
def test_a_string_hashes_as_it_does_among_others(texts: list[str]) -> None:
    text = "".join(f"{name}\n" for name in texts)
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    sizes = np.array([len(name) + 1 for name in texts], np.int64)
    found = hashes(character_factors(points), sizes)
    assert found.tolist() == [hash_of(name) for name in texts]


def test_a_hundred_thousand_names_have_as_many_hashes() -> None:
    names_ = [f"{a}{b}" for a in ("", "a", "aa", "ba") for b in range(25_000)]
    assert len({hash_of(name) for name in names_}) == 100_000
    assert len({hash_of(name) >> 40 for name in names_}) > 99_000, "the upper bits are spread too"


def test_characters_that_are_not_odd_are_normal_and_printable() -> None:
    points = np.r_[0:0x30000, 0xE0000:0xE0200].astype(np.uint32)
    kinds = Kinds().of(points)
    characters = list(map(chr, points.tolist()))
    plain = [c for c, kind in zip(characters, kinds, strict=True) if not kind & ODD and c != "\n"]
    for _ in range(2):
        assert unicodedata.is_normalized("NFC", "".join(plain))
        random.Random(0).shuffle(plain)
    assert unprintable("".join(plain)) is None
    assert len(plain) > 0.97 * len(points)
    spaces = {c for c, kind in zip(characters, kinds, strict=True) if kind & SPACE}
    assert spaces == {c for c in characters if c.isspace()}


def test_characters_that_nfc_may_compose_are_odd() -> None:
    points = np.arange(0x30000, dtype=np.uint32)
    odd = {chr(p) for p in points[Kinds().of(points) & ODD > 0].tolist()}
    found = 0
    for character in map(chr, points.tolist()):
        pair = unicodedata.normalize("NFD", character)
        if pair != character and clean_name(pair) == character:
            found += 1
            assert odd & set(pair)
    assert found > 12_000, "Hangul for the most part"


# the split and the digest


def test_names_and_seed_decide_the_split_not_their_order(write: Write) -> None:
    lines = [f"name {i}" for i in range(2000)]
    shuffled = lines[:]
    random.Random(0).shuffle(shuffled)
    one, other = (
        LargeNameCorpus(encoded(write, "\n".join(texts)), report=NameCorpus.of(texts).report)
        for texts in (lines, shuffled)
    )
    train, held_out = one.split(0.1, seed=3)
    assert len(held_out) == 200
    assert set(train) | set(held_out) == set(lines)
    assert len(train) == 1800
    assert set(other.split(0.1, seed=3)[1]) == set(held_out)
    assert set(one.split(0.1, seed=4)[1]) != set(held_out)
    assert list(held_out) == [name for name in lines if name in set(held_out)]
    places = one.split_places(0.1, seed=3)
    assert tuple(lines[i] for i in places[1]) == held_out
    assert tuple(lines[i] for i in places[0]) == tuple(train)
    assert one.digest == other.digest
    assert one.split(0)[1] == ()
    assert LargeNameCorpus(encoded(write, "a"), report=one.report).split(0.5)[1] == ()


def test_a_longer_list_holds_out_most_of_what_a_shorter_one_does(write: Write) -> None:
    lines = [f"name {i}" for i in range(2000)]
    parts = [
        set(
            LargeNameCorpus(encoded(write, "\n".join(t)), report=NameCorpus.of(t).report).split(
                0.1
            )[1]
        )
        for t in (lines, lines[:1900])
    ]
    assert len(parts[0] & parts[1]) > 180


def test_no_more_are_held_out_than_are_useful(write: Write) -> None:
    corpus = read(write("\n".join(str(i) for i in range(500))), large_bytes=0)
    assert isinstance(corpus, LargeNameCorpus)
    assert len(corpus.held_out_rows(0.5, seed=0, most=7)) == 7
    assert len(corpus.held_out_rows(0.5, seed=0)) == 250


@given(st.lists(st.integers(0, 2**64 - 1), max_size=60), st.integers(0, 70), st.integers(0, 9))
def test_the_least_rows_are_those_of_a_full_sort(values: list[int], count: int, key: int) -> None:
    index = Index.of(np.array(values, np.uint64))
    every = index.least(len(values), key).tolist()
    assert every == list(range(len(values)))
    some = index.least(count, key).tolist()
    assert some == sorted(set(some))
    assert len(some) == min(count, len(values))
    if count:
        assert set(index.least(count - 1, key).tolist()) <= set(some)


def test_the_digest_depends_on_the_names_only(write: Write) -> None:
    first = encoded(write, "a\nb\nc").digest
    assert encoded(write, " c \n\na\nb\nb\n", "other.txt.gz").digest == first
    assert encoded(write, "a\nb\nd").digest != first
    assert encoded(write, "a\nb").digest != first
    for labels, lines in ((None, "a\nb"), (["x", ""], "a\t\nb\tx")):
        wanted = hashlib.sha256(lines.encode()).hexdigest()[:16]
        assert NameCorpus.of(["b", "a"], labels=labels).digest == wanted, "as runs have recorded it"
