"""The commands at the end of a page train the same model and write the same page."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from charloom import Run
from charloom.cli.train import command as train_command
from charloom.config import ModelConfig, TrainConfig
from charloom.data.names import NameCorpus
from charloom.reporting.gathered import Gathered, gather
from charloom.reporting.report.reproducibility import BUILT_IN, again, command, settings
from charloom.run import load_model, save_model
from helpers.options import FAST
from helpers.report_pages import FACTS, subject
from helpers.run_folders import toy

SMALL = [*FAST[:4], "--epochs", "2", "--batch-size", "16"]


def of(saved):
    return Gathered(run=Run(Path("run"), saved), samples=20)


def words(text):
    return shlex.split(text.replace("\\\n", " "))[1:]


@pytest.mark.heavy
@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        [*SMALL, "--model", "network", "--held-out", "0"],
        [*SMALL, "--unit", "grapheme", "--seed", "3", "--canaries", "2"],
        [*SMALL, "--label-column", "kind", "--label-dropout", "0.3"],
        [*SMALL, "--recipe", "tutorial"],
        ["--model", "ngram"],
        ["--model", "unigram"],
    ],
    ids=lambda options: " ".join(options[-2:]),
)
def test_the_command_trains_the_same_model(call, toy, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    rows = [f"{name},{'end' if name.endswith('n') else 'other'}" for name in toy.names]
    (tmp_path / "the names.csv").write_text("\n".join(["name,kind", *rows]), "utf-8")
    file = ["--column", "name"]
    assert call("train", "the names.csv", *file, "--out", "one", *options)[0] == 0
    said = command(of(load_model(tmp_path / "one")))
    asked = words(said.replace("COLUMN", "kind").replace("RUN", "two"))
    assert call(*asked, *file)[0] == 0
    one, two = (load_model(tmp_path / name) for name in ("one", "two"))
    assert (one.config, one.facts["training"]) == (two.config, two.facts["training"])
    for name, weights in one.weights.items():
        assert np.array_equal(weights, two.weights[name])


@pytest.mark.parametrize(
    ("corpus", "source"),
    [
        (NameCorpus.builtin().report.to_dict(), ""),
        ({"sources": ["strings"]}, "FILE "),
        ({"sources": ["-"]}, "- "),
        ({"sources": ["/a/it's.txt", "/b/b.txt"]}, """'it'"'"'s.txt' b.txt """),
        (None, "FILE "),
    ],
)
def test_the_command_names_the_training_files(corpus, source):
    said = command(of(toy(facts={**FACTS, "corpus": corpus})))
    assert said.startswith(f"charloom train {source}--out RUN")
    assert BUILT_IN not in said
    train_command.make_context("train", words(said)[1:])  # understands every option


def test_options_that_are_not_in_the_run_are_in_capitals():
    config = ModelConfig(units=2, embedding=2, labels=1)
    training = {**TrainConfig().to_dict(), "freeze": ["embedding"]}
    facts = {"corpus": {"sources": ["a.jsonl"]}, "training": training}
    said = command(of(toy(config=config, labels=("x",), facts=facts)))
    assert set(re.findall(r"[A-Z_]{2,}", said)) == {"RUN", "FIELD", "OTHER_RUN"}


def test_the_report_command_repeats_its_options(tmp_path):
    save_model(tmp_path / "run", toy(facts=FACTS))
    source = subject(tmp_path / "run")
    plain = gather(source, samples=20)
    assert again(plain) == "charloom report RUN --out report.html --samples 20"
    other = gather(source, samples=20, seed=3, start="a", held_out=("ß",))
    assert again(other).endswith("--data FILE --samples 20 --start a --seed 3")


def test_only_settings_that_had_an_effect_are_shown():
    training = TrainConfig().to_dict()
    said = settings(training, ModelConfig())
    assert "learning rate 0.003" in said and "seed 0" in said
    for idle in ("window", "truth", "label dropout", "checkpoints", "save"):
        assert idle not in said
    assert "label dropout" in settings(training, ModelConfig(labels=2))
    earlier = {**training, "scheduled_sampling": "linear", "truth": 0.5}  # of version 0.1.0
    assert "truth 0.5" in settings(earlier, ModelConfig())
    assert settings(training, ModelConfig(kind="ngram")) == "held out 0.1, seed 0"
