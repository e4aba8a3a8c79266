"""Files encoded in ranges give the bytes, the errors and the lines of one process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from charloom.data.encoded import cache, name_reader, names, ranges, text
from charloom.data.encoded.workers import WorkError, Workers, worker_count
from charloom.data.names import NameCorpus
from charloom.data.text import TextCorpus
from charloom.errors import CharloomError, ConfigError, CorpusError
from helpers.sources import Write

PIECES = (
    *("a", "b", "To be", " ", "\n", "\n", "\n\n", "\r\n", "\r", "\t", "e\u0301", "\u0301", "é"),
    *(
        "語",
        "𝄞",
        "\ufeff",
        "\u200d",
        "👨‍👩‍👧",
        "🇳🇴",
        "🇳",
        "क्षि",
        "가",
        "\u1100",
        "\u1161",
        "\u11a8",
    ),
    *("\u09c7", "\u09be", "\u0344", "\u0958", "\u212b", "\x85", "\xa0", "\u2028", "\x1b", "Ulm\n"),
)
TEXT = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
LINES = "To be, or not to be,\r\nthat is the questïon.\n\nZoë\r" * 40


class InThisProcess:
    """Takes tasks ahead of their results, as ``Workers`` does, but starts no processes."""

    failed = 0
    done = 0

    def __init__(self, count: int) -> None:
        self.ahead = count

    def __enter__(self) -> InThisProcess:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        asked = deque[tuple[Any, ...]]()
        for task in tasks:
            asked.append(task)
            if len(asked) > self.ahead:
                yield self.result(function, asked.popleft())
        while asked:
            yield self.result(function, asked.popleft())

    def result(self, function: Callable[..., Any], task: tuple[Any, ...]) -> Any:
        try:
            found = function(*task)
        except Exception:  # noqa: BLE001 (as in a worker)
            InThisProcess.failed += 1
            raise WorkError from None
        InThisProcess.done += 1
        return found


@pytest.fixture(autouse=True)
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut files of any size into ranges of a few bytes; what is written outlives no power cut."""
    monkeypatch.setenv("CHARLOOM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "sync", lambda _: None)
    monkeypatch.setattr(ranges, "LEAST_BYTES", 0)
    monkeypatch.setattr(ranges, "LEAST_PLAIN_BYTES", 0)
    monkeypatch.setattr(ranges, "RANGE_BYTES", 8)
    monkeypatch.setattr(ranges, "MOST_BYTES", 1 << 40)


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (text, names):
        monkeypatch.setattr(module, "Workers", InThisProcess)


def settle(*paths: Path) -> None:
    """Make files old enough to be remembered."""
    for path in paths:
        os.utime(path, (time.time() - 100,) * 2)


def outcome(work: Callable[[], Any], count: int) -> tuple[Any, dict[str, bytes]]:
    """What ``work`` gives with so many processes, or why it fails, and the entry that it writes."""
    folder = Path(os.environ["CHARLOOM_CACHE"])
    shutil.rmtree(folder, ignore_errors=True)
    os.environ["CHARLOOM_WORKERS"] = str(count)
    try:
        found = work()
    except CharloomError as error:
        found = str(error)
    finally:
        del os.environ["CHARLOOM_WORKERS"]
    assert not any((folder / "unfinished").glob("*"))
    return found, {path.name: path.read_bytes() for path in folder.glob("entries/*/*")}


def read_text(*paths: Path, **options: Any) -> Callable[[], Any]:
    def work() -> Any:
        corpus = TextCorpus.read(*paths, in_memory_bytes=0, **options)
        return corpus.ids(0, len(corpus)).tolist(), corpus.vocabulary, corpus.report

    return work


def read_names(*paths: Path, **options: Any) -> Callable[[], Any]:
    def work() -> Any:
        corpus = NameCorpus.read(*paths, large_bytes=0, **options)
        return tuple(corpus.names), corpus.digest, corpus.report

    return work


def alike(work: Callable[[], Any]) -> Any:
    """What work gives, which must be the same in ranges, and the same on the disk."""
    wanted = outcome(work, 1)
    assert outcome(work, 3) == wanted
    return wanted[0]


# What is read


@pytest.mark.heavy
@QUIET
@given(st.lists(TEXT, min_size=1, max_size=2), st.integers(1, 30))
@example(["a\r\rb\r\nc\r" * 3], 1)
@example(["a\n\u0301\n\u09be\n\u200d\n\ufeff\n", "\ufeffa"], 2)
@example(["".join(f"{chr(0x4E00 + i)}\n" for i in range(300))], 4)
def test_text_in_ranges_is_that_of_one_process(
    write: Write, inline: None, texts: list[str], size: int
) -> None:
    ranges.RANGE_BYTES = size  # type: ignore[misc]
    paths = [write(one, f"{i}.txt") for i, one in enumerate(texts)]
    settle(*paths)
    for unit in ("character", "grapheme", "regex:To|[^\\n]e|."):
        failed = InThisProcess.failed
        alike(read_text(*paths, unit=unit))
        assert InThisProcess.failed == failed, "one process did the work"


@pytest.mark.heavy
@QUIET
@given(st.lists(TEXT, min_size=1, max_size=2), st.integers(1, 30), st.integers(1, 9))
@example(["a\r\rb\r\nc\r" * 3], 1, 1)
@example(["\ufeffa long name\nb\nb\n", "b\n"], 2, 3)
def test_names_in_ranges_are_those_of_one_process(
    write: Write, inline: None, texts: list[str], size: int, chunk: int
) -> None:
    ranges.RANGE_BYTES = size  # type: ignore[misc]
    paths = [write(one, f"{i}.txt") for i, one in enumerate(texts)]
    settle(*paths)
    alike(read_names(*paths, format="lines", chunk_bytes=chunk))


@pytest.mark.parametrize("size", [7, 100, 1000])
def test_repeats_within_and_between_ranges_are_counted_alike(
    write: Write, inline: None, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(name_reader, "CROWDED", 5)
    monkeypatch.setattr(ranges, "RANGE_BYTES", size)
    path = write("".join(f"name {i * i % 17}\n" for i in range(500)) + "last")
    settle(path)
    found, *_ = alike(read_names(path, format="lines", chunk_bytes=50))
    assert len(found) == 10


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\n\n"])
@pytest.mark.parametrize("end", ["", "last", "語"])
def test_lines_may_end_in_any_way(write: Write, inline: None, ending: str, end: str) -> None:
    path = write("\ufeff" + f"Zoë{ending}👨‍👩‍👧{ending}\u0301e\u0301{ending}" * 5 + end)
    settle(path)
    done = InThisProcess.done
    for unit in ("character", "grapheme", "regex:Zo|."):
        alike(read_text(path, unit=unit))
    alike(read_names(path, format="lines", chunk_bytes=4))
    assert InThisProcess.done > done + 10


def test_encodings_of_one_byte_are_cut_and_wide_ones_are_not(write: Write, inline: None) -> None:
    for encoding, cut in (("cp1252", True), ("latin-1", True), ("utf-16", False)):
        path = write("Zoë\nÅsa\r\nUlm\n".encode(encoding) * (1 if encoding == "utf-16" else 9))
        settle(path)
        done = InThisProcess.done
        alike(read_text(path, encoding=encoding))
        alike(read_names(path, format="lines", encoding=encoding))
        assert (InThisProcess.done > done) == cut


def test_what_cannot_be_cut_is_read_by_one_process(write: Write, inline: None) -> None:
    packed, tokens = write(LINES, "a.txt.gz"), write("be\\n\nbe", "tokens.txt")
    path, young = write(LINES, "b.txt"), write(LINES, "c.txt")
    settle(packed, tokens, path)
    done = InThisProcess.done
    alike(read_text(packed))
    alike(read_text(path, documents="blank-line"))
    alike(read_text(young))
    assert InThisProcess.done == done
    alike(read_text(path))
    assert InThisProcess.done > done


def test_a_file_of_few_lines_is_read_by_one_process(
    write: Write, inline: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "MOST_BYTES", 8)
    path = write("a" * 1000 + "\n" + LINES)
    settle(path)
    done = InThisProcess.done
    alike(read_text(path))
    assert InThisProcess.done == done


# What is refused


@pytest.mark.parametrize("bad", [b"\xff", b"a\0b", b"\xc3", b"x\x1by\n", b"x" * 70_000])
@pytest.mark.parametrize("after", [b"", b"\nmore\n" * 9])
def test_errors_are_those_of_one_process(
    write: Write, inline: None, bad: bytes, after: bytes
) -> None:
    path = write(LINES.encode() * 3 + bad + after)
    settle(path)
    alike(read_text(path))
    found = alike(read_names(path, format="lines", chunk_bytes=100))
    assert isinstance(found, str)


def test_a_file_without_names_or_text_is_refused_alike(write: Write, inline: None) -> None:
    path = write("\n \n" * 30)
    settle(path)
    assert "no names" in alike(read_names(path, format="lines", chunk_bytes=4))
    settle(path := write(""))
    assert isinstance(alike(read_text(path)), str)


def test_a_file_that_changes_meanwhile_is_read_again(
    write: Write, inline: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(LINES)
    settle(path)
    kept, other = InThisProcess.result, LINES.replace("To", "to")

    def changing(self: Any, function: Any, task: Any) -> Any:
        if path.read_bytes() != other.encode():
            path.write_bytes(other.encode())
        return kept(self, function, task)

    wanted = outcome(read_text(write(other, "b.txt")), 1)
    monkeypatch.setattr(InThisProcess, "result", changing)
    found = outcome(read_text(path), 3)
    assert found[1] == wanted[1]
    assert found[0][0] == wanted[0][0]


@pytest.mark.parametrize("given", ["0", "two", "-1", "257", "1.5", "²"])
def test_the_number_of_processes_is_checked(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("CHARLOOM_WORKERS", given)
    with pytest.raises(ConfigError, match=r"CHARLOOM_WORKERS must be a whole number from 1 to"):
        worker_count()


# Processes


def test_processes_give_what_one_gives(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "RANGE_BYTES", 700)
    path = write(LINES + "".join(map(chr, range(0x4E00, 0x4E00 + 300))) + "\n" + LINES)
    settle(path)
    kept: list[Any] = []
    given = Workers.map

    def counted(self: Any, *arguments: Any) -> Iterator[Any]:
        for result in given(self, *arguments):
            kept.append(result)
            yield result

    monkeypatch.setattr(Workers, "map", counted)
    alike(read_text(path))
    assert len(kept) >= 6
    alike(read_names(path, format="lines", chunk_bytes=300))
    assert len(kept) >= 12


INTERRUPTED = """
import os, signal, sys, threading, time
from charloom.data.encoded import ranges, workers
from charloom.data.text import TextCorpus
ranges.LEAST_PLAIN_BYTES, ranges.RANGE_BYTES = 0, 1000
started = workers._Worker.__init__
def noted(self):
    started(self)
    print(self.process.pid, flush=True)
workers._Worker.__init__ = noted
def progress(done, total):
    print("reading", flush=True)
    time.sleep(60)
TextCorpus.read(sys.argv[1], in_memory_bytes=0, progress=progress)
"""


@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_process_leaves_no_worker_and_no_entry(
    write: Write, tmp_path: Path, number: signal.Signals
) -> None:
    path = write(LINES * 50)
    settle(path)
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, path],
        env={**os.environ, "CHARLOOM_WORKERS": "2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    pids = [int(process.stdout.readline()) for _ in range(2)]
    assert process.stdout.readline() == "reading\n"
    process.send_signal(number)
    process.wait()
    process.stdout.close()
    until = time.monotonic() + 30
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert not (tmp_path / "cache" / "entries").exists()
    if number == signal.SIGINT:
        assert not any((tmp_path / "cache" / "unfinished").glob("*"))


def test_a_killed_worker_costs_no_more_than_time(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "RANGE_BYTES", 100)
    path = write(LINES)
    settle(path)
    given = Workers.map

    def killing(self: Workers, *arguments: Any) -> Iterator[Any]:
        for number, result in enumerate(given(self, *arguments)):
            if number == 3:
                self._workers[0].process.kill()
            yield result

    monkeypatch.setattr(Workers, "map", killing)
    alike(read_text(path))
    alike(read_names(path, format="lines", chunk_bytes=50))


def test_where_no_process_can_be_started_one_does_the_work(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(LINES)
    settle(path)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    alike(read_text(path))
    monkeypatch.setattr(sys, "executable", None)
    with pytest.raises(WorkError), Workers(2):
        pass
    with pytest.raises(CorpusError):
        TextCorpus.read(path.with_name("none"))
