"""What is said of trainings on little data, and of those that fail."""

from __future__ import annotations

import dataclasses
import math

import pytest

from charloom import NameCorpus, fit
from charloom.cli.train_output import failure
from helpers.options import FAST


@pytest.fixture(scope="module")
def finished():
    names = [a + b + c for a in "bdgk" for b in "aeiou" for c in "lnrs"]
    return list(fit(NameCorpus.of(names), kind="ngram", order=2))[-1]


def test_a_model_better_than_chance_is_no_failure(finished):
    assert failure(finished, 0.01) is None


def test_losses_above_that_of_a_uniform_model_are_a_failure(finished):
    uniform = math.log(finished.saved.vocabulary.size)
    worse = {"train_nats_per_char": uniform + 1, "held_out_nats_per_char": uniform + 2}
    said = failure(dataclasses.replace(finished, **worse), 0.5)
    assert said is not None
    assert said.startswith(f"training failed: the held-out loss, {uniform + 2:.3f} nats/char")
    assert "lower --order" in said
    learned = failure(dataclasses.replace(finished, held_out_nats_per_char=uniform + 2), 0.5)
    assert learned is not None and "Nothing was learned that holds for unseen data" in learned
    assert failure(dataclasses.replace(finished, reason="interrupted", **worse), 0.5) is None


def test_a_loss_on_a_few_names_is_no_evidence_of_failure():
    few = list(fit(NameCorpus.of(["Ann", "Anna", "Hanna"]), kind="ngram"))[-1]
    assert failure(dataclasses.replace(few, held_out_nats_per_char=9.0), 0.5) is None


@pytest.mark.slow
def test_a_training_that_fails_says_so_and_what_to_change(call, names_file, tmp_path):
    options = [*FAST, "--model", "network", "--learning-rate", "1", "--epochs", "2"]
    code, _, err = call("train", names_file, "--out", tmp_path / "run", *options)
    assert code == 1
    assert "charloom: training failed" in err.splitlines()[-1]
    assert "--learning-rate" in err.splitlines()[-1]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_tiny_lists_are_described_truly(count, call, tmp_path):
    source = tmp_path / "names.txt"
    source.write_text("\n".join(["Anna", "Bea", "Cleo", "Dora", "Eva"][:count]), "utf-8")
    _, out, err = call("train", source, "--out", tmp_path / "run", "--model", "ngram")
    assert f"{count} name{'s are' if count > 1 else ' is'} few: " in err
    assert "expect them back" not in err
    assert not {"Anna", "Bea", "Cleo", "Dora", "Eva"} & set(out.splitlines())


@pytest.mark.parametrize("kind", ["ngram", "mixture"])
def test_an_order_of_one_leaves_no_gap_in_the_words(kind, call, names_file, tmp_path):
    options = FAST if kind == "mixture" else []
    code, _, err = call(
        "train", names_file, "--out", tmp_path / "run", "--model", kind, "--order", "1", *options
    )
    assert code == 0, err
    assert ",  " not in err and ": ," not in err and "which character follows which" not in err


def test_a_line_of_prose_that_is_too_long_leads_to_text(call, tmp_path):
    source = tmp_path / "prose.txt"
    source.write_text("word " * 20_000, "utf-8")
    code, _, err = call("train", source)
    assert (code, len(err.splitlines())) == (1, 1)
    assert "--as text" in err
