"""Run folders of version 0.1.0 load, generate the same strings, and resume."""

from __future__ import annotations

import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
KINDS = sorted(path.parent.name for path in HERE.glob("*/outputs.json"))
CALLS = [
    pytest.param(output, id=f"{kind}-{i}-{output['arguments'][0]}")
    for kind in KINDS
    for i, output in enumerate(json.loads((HERE / kind / "outputs.json").read_text())["outputs"])
]
GONE = {"scheduled_sampling", "truth"}
"""Settings that later versions no longer have."""
RARE = {"--end": r".{3,12}us", "--regex": r"[A-Z][a-z]+(us|on)"}
"""Constraints so rare that a look-ahead decides which strings come: what they must match."""


def alike(theirs: Any, ours: Any) -> bool:
    """Whether all that was printed then is printed now; numbers may differ by rounding."""
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and all(
            key in GONE or alike(value, ours.get(key)) for key, value in theirs.items()
        )
    if isinstance(theirs, list):
        return len(theirs) == len(ours) and all(map(alike, theirs, ours))
    if isinstance(theirs, float):
        return math.isclose(theirs, ours, rel_tol=1e-4, abs_tol=1e-6)
    return theirs == ours


def parsed(text: str) -> list[Any]:
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(autouse=True)
def here(monkeypatch):
    monkeypatch.chdir(HERE)


def test_every_kind_of_run_is_kept():
    assert KINDS == ["labels", "mixture", "network", "ngram", "text", "text_mixture", "tutorial"]


@pytest.mark.parametrize("output", CALLS)
def test_a_command_prints_what_it_printed(call, output):
    arguments = output["arguments"]
    if arguments[0] == "generate" and "--temperature" not in arguments:
        arguments = [*arguments, "--temperature", "1"]  # the default of 0.1.0
    code, out, _ = call(*arguments)
    assert code == output["code"]
    if "--json" in output["arguments"]:
        theirs, ours = parsed(output["stdout"]), parsed(out)
        assert alike(theirs, ours)
    elif rare := RARE.keys() & set(arguments):
        assert len(out.splitlines()) == len(output["stdout"].splitlines())
        assert all(re.fullmatch(RARE[one], name) for one in rare for name in out.splitlines())
    else:
        assert out == output["stdout"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"ngram"}))
def test_an_interrupted_training_resumes_to_the_same_end(call, kind, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(HERE / kind / "interrupted", run)
    options = json.loads((HERE / kind / "outputs.json").read_text())["train"]
    code, _, err = call("train", *options, "--out", run, "--resume")
    assert code == 0, err
    then, now = ((json.loads(call("info", folder, "--json")[1])) for folder in (f"{kind}/run", run))
    assert then["best"]["epoch"] == now["best"]["epoch"]
    assert [e["step"] for e in then["history"]] == [e["step"] for e in now["history"]]
    for key, value in then["best"].items():
        if isinstance(value, float) and key.endswith("per_char"):
            assert now["best"][key] == pytest.approx(value, rel=1e-3)
