"""Each command opens a run once: its weights are read and hashed a single time."""

from __future__ import annotations

from collections import Counter

import pytest

from charloom.storage import disk
from helpers.options import FAST

NAMES = [
    ["generate", "RUN", "-n", "2"],
    ["generate", "RUN", "-n", "2", "--with", "OTHER"],
    ["score", "RUN", "LIST"],
    ["info", "RUN"],
    ["evaluate", "RUN", "--samples", "50"],
    ["evaluate", "RUN", "--samples", "0"],
    ["compare", "RUN", "OTHER", "--samples", "50"],
    ["card", "RUN", "--samples", "50", "--out", "-"],
    ["report", "RUN", "--samples", "50", "--out", "OUT/page.html"],
    ["plot", "RUN", "--what", "letters", "-n", "50", "--out", "OUT/figure.png"],
    ["play", "RUN"],
]
TEXT = [
    ["generate", "TEXT", "--characters", "20"],
    ["evaluate", "TEXT", "--samples", "200"],
    ["card", "TEXT", "--samples", "200", "--out", "-"],
    ["report", "TEXT", "--out", "OUT/page.html"],
    ["info", "TEXT"],
]


@pytest.fixture(scope="module")
def runs(trained, names_file, tmp_path_factory):
    """Folders by the words that stand for them above."""
    from charloom.cli.main import run

    folder = tmp_path_factory.mktemp("opened")
    other, text = folder / "other", folder / "text"
    options = ["--model", "ngram", "--out"]
    assert run(["train", str(names_file), *options, str(other)], started=0.0) == 0
    source = folder / "text.txt"
    source.write_text("the loom weaves and the thread is tied again\n" * 60, "utf-8")
    fast = [*FAST, "--model", "network", "--window", "8"]
    arguments = ["train", str(source), "--as", "text", *fast, "--out", str(text)]
    assert run(arguments, started=0.0) == 0
    return {"RUN": trained, "OTHER": other, "TEXT": text, "LIST": names_file}


@pytest.mark.slow
@pytest.mark.parametrize("command", NAMES + TEXT, ids=" ".join)
def test_the_weights_are_read_once(call, runs, command, tmp_path, monkeypatch):
    reads: Counter[str] = Counter()
    read = disk.read

    def counted(path, limit):
        if path.name == "model.safetensors":
            reads[path.parent.name] += 1
        return read(path, limit)

    monkeypatch.setattr(disk, "read", counted)
    monkeypatch.setattr("builtins.input", lambda _: "/quit")
    words = {**{name: str(path) for name, path in runs.items()}, "OUT": str(tmp_path)}
    arguments = [words.get(word, word).replace("OUT/", f"{tmp_path}/") for word in command]
    assert call(*arguments)[0] == 0
    used = {runs[word].name for word in command if word in ("RUN", "OTHER", "TEXT")}
    assert reads == Counter(dict.fromkeys(used, 1))
