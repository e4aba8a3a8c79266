"""The cache of encoded corpora: complete entries, found by content and by unchanged files."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from charloom.data.encoded import cache
from charloom.errors import ConfigError, CorpusError

KEY, OTHER = "a1" * 16, "b2" * 16
DAY = 24 * 3600


@pytest.fixture(autouse=True)
def root(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("CHARLOOM_CACHE", str(folder))
    return folder


@pytest.fixture
def source(tmp_path) -> Path:
    path = tmp_path / "text.txt"
    path.write_text("words")
    settle(path)
    return path


def settle(path: Path, seconds: float = 100) -> None:
    """Make a file as old as ``seconds``."""
    os.utime(path, (time.time() - seconds,) * 2)


def written(key: str = KEY, size: int = 10, **facts) -> cache.Entry:
    with cache.writing() as folder:
        (folder / "ids").write_bytes(np.arange(size, dtype=np.uint16).tobytes())
        return cache.finish(folder, key, facts)


def remember(sources, options=None, before=None) -> None:
    """Remember that ``sources`` gave the entry KEY, which is in the cache."""
    written()
    given = cache.stamps(sources) if before is None else before
    cache.remember(sources, options or {}, KEY, given)


def recalled(sources, options=None) -> str | None:
    entry = cache.recall(sources, options or {})
    return None if entry is None else entry.key


def left_aside(root: Path) -> list[Path]:
    return list((root / "unfinished").iterdir())


def test_environment_variables_set_the_folder_of_the_cache(monkeypatch, tmp_path):
    assert cache.cache_folder() == tmp_path / "cache"
    monkeypatch.delenv("CHARLOOM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/x")
    assert cache.cache_folder() == Path("/x/charloom/encoded")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("USERPROFILE", "/home/me")
    assert cache.cache_folder() == Path("/home/me/.cache/charloom/encoded")


def test_what_was_written_is_found(root):
    assert cache.find(KEY) is None
    entry = written(names=3, warnings=["few"])
    assert cache.find(KEY) == entry
    assert entry.facts == {"names": 3, "warnings": ["few"]}
    ids = entry.array("ids", np.uint16)
    assert isinstance(ids, np.memmap)
    assert ids.tolist() == list(range(10))
    assert not ids.flags.writeable
    assert cache.find(OTHER) is None
    assert left_aside(root) == []


def test_an_empty_file_is_an_empty_array():
    assert written(size=0).array("ids", np.int32).shape == (0,)


def test_an_unfinished_entry_is_removed(root):
    with pytest.raises(ZeroDivisionError), cache.writing() as folder:
        (folder / "ids").write_bytes(b"12")
        _ = 1 / 0
    assert left_aside(root) == []
    assert cache.find(KEY) is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "ids").write_bytes(b"short"),
        lambda folder: (folder / "ids").unlink(),
        lambda folder: (folder / "index.json").write_bytes(b""),
        lambda folder: (folder / "index.json").unlink(),
        lambda folder: (folder / "index.json").write_bytes(
            (folder / "index.json").read_bytes().replace(b"20", b"21")
        ),
        lambda folder: (shutil.rmtree(folder), folder.write_bytes(b"a file")),
    ],
)
def test_a_damaged_entry_is_ignored_and_replaced(damage, root):
    damage(written(value=1).folder)
    assert cache.find(KEY) is None
    assert written(value=2).facts == {"value": 2}
    assert cache.find(KEY).array("ids", np.uint16).tolist() == list(range(10))
    assert left_aside(root) == []


def test_the_first_of_two_writers_wins():
    with cache.writing() as slow:
        (slow / "ids").write_bytes(b"12")
        written(first=True)
        assert cache.finish(slow, KEY, {"first": False}).facts == {"first": True}
    assert cache.find(KEY).facts == {"first": True}


def test_two_may_write_at_once(root):
    with cache.writing() as one, cache.writing() as two:
        assert one != two
        cache.finish(one, KEY, {})
        cache.finish(two, OTHER, {})
    assert cache.find(KEY) and cache.find(OTHER)
    assert left_aside(root) == []


def test_the_next_writer_removes_what_a_killed_writer_left(root):
    code = (
        "from charloom.data.encoded import cache; import time\n"
        "with cache.writing() as w:\n"
        "    (w / 'ids').write_bytes(b'half')\n"
        "    print('ready', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    child.stdout.readline()
    written()
    assert left_aside(root), "it is still at work"
    child.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    child.wait()
    child.stdout.close()
    assert left_aside(root), "it could not tidy up"
    written(OTHER)
    assert left_aside(root) == []


def test_a_cache_that_cannot_be_written_is_one_clear_line(root, monkeypatch):
    root.write_bytes(b"a file")
    with pytest.raises(CorpusError, match=r"cannot be written: .*Set CHARLOOM_CACHE") as caught:
        written()
    assert str(root) in str(caught.value)
    root.unlink()
    with pytest.raises(CorpusError, match="No space left on device"), cache.writing():
        raise OSError(28, "No space left on device")
    assert left_aside(root) == []


@pytest.mark.parametrize("call", ["fsync", "open", "rename", "mkdir"])
def test_an_error_at_any_step_leaves_no_half_entry(call, root, monkeypatch):
    """Every call of that kind fails once, one after the other."""
    owner = {"fsync": os, "open": os, "rename": os, "mkdir": os}[call]
    kept = getattr(owner, call)
    fatal = 0
    for place in range(100):
        calls = iter(range(1000))

        def failing(*arguments, place=place, calls=calls, **options):
            if next(calls) == place:
                raise OSError(28, "No space left on device")
            return kept(*arguments, **options)

        shutil.rmtree(root, ignore_errors=True)
        monkeypatch.setattr(owner, call, failing)
        try:
            written()
        except CorpusError:
            fatal += 1
        else:
            monkeypatch.setattr(owner, call, kept)
            assert cache.find(KEY) is not None
        finally:
            monkeypatch.setattr(owner, call, kept)
        entry = cache.find(KEY)
        assert entry is None or entry.array("ids", np.uint16).tolist() == list(range(10))
        assert not (root / "unfinished").exists() or left_aside(root) == []
        if next(calls) <= place:
            break
    assert 0 < fatal <= place < 99


def test_an_unchanged_file_is_remembered(source):
    options = {"unit": "character", "encoding": None}
    assert recalled([source], options) is None
    remember([source], options)
    assert recalled([source], options) == KEY
    assert recalled([str(source)], options) == KEY
    assert recalled([source], {**options, "unit": "grapheme"}) is None
    assert recalled([source, source], options) is None


def test_a_relative_path_is_the_same_file(source, monkeypatch):
    remember([source])
    monkeypatch.chdir(source.parent)
    assert recalled([source.name]) == KEY


@pytest.mark.parametrize("change", ["time", "size", "inode", "gone", "folder"])
def test_a_changed_file_is_not_trusted(change, source):
    remember([source])
    info = source.stat()
    if change == "time":
        settle(source, 50)
    elif change == "size":
        source.write_text("longer words")
        os.utime(source, ns=(info.st_atime_ns, info.st_mtime_ns))
    elif change == "inode":
        other = source.with_name("other")
        other.write_text("sword")
        os.utime(other, ns=(info.st_atime_ns, info.st_mtime_ns))
        other.replace(source)
    else:
        source.unlink()
        if change == "folder":
            source.mkdir()
    assert recalled([source]) is None


def test_a_file_that_changed_just_now_is_not_remembered(source):
    os.utime(source)
    assert cache.stamps([source]) == ()
    remember([source])
    settle(source)
    assert recalled([source]) is None


def test_a_file_that_changed_while_it_was_read_is_not_remembered(source):
    before = cache.stamps([source])
    settle(source, 50)
    remember([source], before=before)
    assert recalled([source]) is None
    remember([source], before=())
    assert recalled([source]) is None


def test_standard_input_is_never_remembered(source, monkeypatch):
    monkeypatch.chdir(source.parent)
    source.rename("-")
    remember(["-"])
    assert recalled(["-"]) is None
    assert cache.stamps(["bad\0path"]) == ()


@pytest.mark.parametrize("damage", [b"", b"{}", b"0" * 64 + b"\n{}"])
def test_a_damaged_memo_is_ignored_and_replaced(damage, source, root):
    remember([source])
    (memo,) = (root / "memos").iterdir()
    memo.write_bytes(damage)
    assert recalled([source]) is None
    remember([source])
    assert recalled([source]) == KEY


def test_a_cache_that_cannot_be_written_remembers_nothing(source, root):
    root.write_bytes(b"a file")
    cache.remember([source], {}, KEY, cache.stamps([source]))
    assert recalled([source]) is None
    assert cache.find(KEY) is None
    cache.prune()


def test_entries_unused_for_longest_are_pruned_first(monkeypatch, root):
    keys = [f"{i:032x}" for i in range(4)]
    for key in keys:
        written(key, size=5000)
    for i, key in enumerate(keys[:3]):
        settle(root / "entries" / key / "index.json", (5 - i) * DAY)
        settle(root / "entries" / key, (5 - i) * DAY)
    assert cache.find(keys[0])  # and so it is in use again
    cache.prune()
    assert all(cache.find(key) for key in keys[3:]) and (root / "entries" / keys[1]).exists()
    monkeypatch.setenv("CHARLOOM_CACHE_BYTES", "32000")
    cache.prune()
    assert [(root / "entries" / key).exists() for key in keys] == [True, False, True, True]
    monkeypatch.setenv("CHARLOOM_CACHE_BYTES", "0")
    cache.prune()
    assert [(root / "entries" / key).exists() for key in keys] == [True, False, False, True]
    assert left_aside(root) == []


def test_writing_prunes(monkeypatch, root):
    entry = written(OTHER, size=5000)
    settle(entry.folder / "index.json", 2 * DAY)
    settle(entry.folder, 2 * DAY)
    monkeypatch.setenv("CHARLOOM_CACHE_BYTES", "1000")
    written(KEY)
    assert cache.find(OTHER) is None
    assert cache.find(KEY) is not None


def test_a_wrong_limit_is_refused_before_the_work(monkeypatch):
    monkeypatch.setenv("CHARLOOM_CACHE_BYTES", "20 GB")
    rule = "CHARLOOM_CACHE_BYTES must be a whole number"
    with pytest.raises(ConfigError, match=rule), cache.writing():
        pytest.fail("it began to work")
