"""Short lists in Latin script are trained from the base model, and know only their characters."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import charloom
from charloom.config import ModelConfig
from charloom.data.names import NameCorpus
from charloom.data.text import TextCorpus
from charloom.errors import ConfigError, RunError
from charloom.run import load_model
from charloom.training import base_model
from charloom.training.base_model import LATIN, NO_BASE, SHAPE, digest_of, latin_base
from charloom.training.recipes import settings_for
from helpers.run_folders import toy

pytestmark = pytest.mark.slow

NAMES = ("Anna", "Hanna", "Johanna", "Susanna", "Marianna", "Rosanna", "Ivanna", "Brianna",
         "Deanna", "Leanna", "Tatianna", "Julianna", "Savanna", "Gianna", "Lilianna")  # fmt: skip
CODE = ("getUserName", "setFileIndex", "parseToken", "loadConfigPath", "xX_wolf_Xx", "saveUserFile")
GREEK = ("Αθηνά", "Απόλλων", "Άρης", "Ήρα", "Ερμής", "Ζευς", "Ποσειδών", "Δήμητρα", "Εστία", "Άδης")


@pytest.fixture
def damaged(monkeypatch, tmp_path):
    """The package's base model is missing."""
    monkeypatch.setattr(base_model.resources, "files", lambda _: tmp_path)
    latin_base.cache_clear()
    yield
    latin_base.cache_clear()


def quick(names=NAMES, **settings):
    return charloom.train(NameCorpus.of(names), epochs=1, progress=False, **settings)


def test_the_base_model_is_small_and_has_neither_names_nor_other_scripts():
    saved = latin_base()
    assert saved.train_names is None and saved.held_out_names is None
    assert all(array.dtype == np.float32 for array in saved.weights.values())
    assert sum(array.size for array in saved.weights.values()) * 2 < 2_000_000  # in half precision
    assert set("AZaz -'é").issubset(saved.vocabulary.characters)
    assert not set("\n\t0αд").intersection(saved.vocabulary.characters)


@pytest.mark.parametrize(
    ("names", "settings", "base"),
    [
        (NAMES, {}, LATIN),
        (tuple(name.upper() for name in NAMES), {}, LATIN),
        (NAMES, {"kind": "network"}, LATIN),
        (NAMES, {"units": latin_base().config.units}, LATIN),
        (NAMES, {"units": 32}, NO_BASE),
        (NAMES, {"cell": "gru"}, NO_BASE),
        (NAMES, {"kind": "ngram"}, NO_BASE),
        (NAMES, {"base": NO_BASE}, NO_BASE),
        (NAMES, {"recipe": "tutorial"}, NO_BASE),
        (CODE, {}, NO_BASE),
        (CODE, {"base": LATIN}, LATIN),
        (GREEK, {}, NO_BASE),
        (GREEK, {"base": LATIN}, LATIN),
    ],
)
def test_which_lists_start_from_the_base_model(names, settings, base):
    model, training = settings_for(NameCorpus.of(names), **settings)
    assert training.base == base
    if base == LATIN:
        assert all(getattr(model, k) == getattr(latin_base().config, k) for k in SHAPE)


def test_long_lists_and_text_start_without():
    many = NameCorpus.of(f"Name{a}{b}{c}" for a in "abcdefgh" for b in NAMES for c in NAMES)
    assert many.report.characters > base_model.MOST_CHARACTERS
    assert settings_for(many)[1].base == NO_BASE
    assert settings_for(TextCorpus.of("To be, or not to be. " * 100))[1].base == NO_BASE


@pytest.mark.heavy
def test_a_model_has_the_characters_of_its_list_only():
    model = quick()
    assert set(model.vocabulary.characters) == set("".join(NAMES))
    made = model.names(50, temperature=3.0, allow_repeats=True, allow_known=True)
    assert set("".join(made)) <= set("".join(NAMES))


@pytest.mark.heavy
def test_characters_that_the_base_lacks_are_added():
    model = quick((*NAMES, "Anna7", "日本"))
    assert {"7", "日", "本"} <= set(model.vocabulary.characters)
    assert np.isfinite(model.nll(["Anna7", "日本"])).all()


@pytest.mark.heavy
def test_the_base_makes_unseen_names_likelier():
    dinosaurs = NameCorpus.builtin().names
    few, unseen = dinosaurs[::40], dinosaurs[1::40]
    with_base, without = (charloom.train(NameCorpus.of(few), base=base, progress=False)
                          for base in (LATIN, NO_BASE))  # fmt: skip
    unseen = [name for name in unseen if not with_base.vocabulary.unknown(name)]
    assert with_base.nll(unseen).sum() < 0.97 * without.nll(unseen).sum()


@pytest.mark.heavy
def test_labels_graphemes_and_networks_alone_can_start_from_it():
    labels = ["f"] * 8 + ["m"] * 7
    model = charloom.train(NameCorpus.of(NAMES, labels=labels), epochs=1, progress=False)
    assert model.labels == ("f", "m")
    assert model.saved.facts["training"]["base"] == LATIN
    graphemes = NameCorpus.of((*NAMES, "🇩🇪"), unit="grapheme")
    model = charloom.train(graphemes, epochs=1, kind="network", progress=False)
    assert model.saved.facts["training"]["base"] == LATIN
    assert "🇩🇪" in model.vocabulary.characters


@pytest.mark.heavy
def test_another_run_as_base_gives_its_weights_and_no_characters(tmp_path):
    first = quick(out=tmp_path / "first", kind="network", base=NO_BASE, units=16, embedding=8)
    second = quick(("Otto", "Oto", "Tooto", "Anno"), base=tmp_path / "first")
    assert set(second.vocabulary.characters) == set("OtoTAn")
    assert second.saved.config.units == 16
    assert second.saved.facts["training"]["base"] == digest_of(first.saved)
    third = quick(("Otto", "Oto"), base=first.saved)
    assert third.saved.facts["training"]["base"] == digest_of(first.saved)


def test_a_base_and_a_run_to_fine_tune_exclude_each_other(tmp_path):
    with pytest.raises(ConfigError, match="exclude each other"):
        quick(initial=toy(), base=LATIN)


def test_a_base_keeps_its_shape():
    with pytest.raises(ConfigError, match=r"units 384.*Received: units 32.*--base none"):
        settings_for(NameCorpus.of(NAMES), base=LATIN, units=32)


def test_a_base_without_a_network_is_refused():
    ngram = quick(kind="ngram")
    with pytest.raises(ConfigError, match="leave --from or --base out"):
        quick(base=ngram.saved)


def test_only_the_digest_of_a_base_is_not_enough():
    model, training = settings_for(NameCorpus.of(NAMES), base=NO_BASE)
    training = training.replace(base="0123456789abcdef")
    with pytest.raises(ConfigError, match="Give the run, as in --base RUN"):
        list(charloom.training.trainer.fit(NameCorpus.of(NAMES), model=model, training=training))


@pytest.mark.heavy
def test_without_the_base_model_training_continues_with_a_warning(damaged):
    with pytest.warns(UserWarning, match="Training starts without the base model"):
        model = quick()
    assert model.saved.facts["training"]["base"] == NO_BASE


@pytest.mark.heavy
def test_the_command_says_in_one_line_that_the_base_model_is_missing(damaged, call, tmp_path):
    (tmp_path / "names.txt").write_text("\n".join(NAMES))
    code, _, err = call("train", tmp_path / "names.txt", "--epochs", 1, "--out", tmp_path / "r")
    assert code == 0
    lines = [line for line in err.splitlines() if "without the base model" in line]
    assert len(lines) == 1 and lines[0].startswith("warning: ")


def test_a_damaged_base_model_that_is_asked_for_is_an_error(damaged):
    with pytest.raises(RunError):
        quick(base=LATIN)


@pytest.mark.heavy
def test_the_command_line_takes_a_base_and_info_and_card_say_it(call, tmp_path):
    source, first, second = (tmp_path / name for name in ("names.txt", "first", "second"))
    source.write_text("\n".join(NAMES))
    assert call("train", source, "--epochs", 1, "--out", first)[0] == 0
    info = call("info", first)[1]
    assert re.search(r"from the base model .*\(kinds: \w.* \d+ %(, \w.* \d+ %){0,2}\)", info)
    assert call("card", first)[0] == 0
    assert "Adapted from | the base model" in (first / "README.md").read_text()
    assert call("train", source, "--epochs", 1, "--base", first, "--out", second)[0] == 0
    data = json.loads(call("info", second, "--json")[1])
    assert data["training"]["base"] == digest_of(load_model(first))
    assert call("train", source, "--base", first, "--from", first)[0] == 2


@pytest.mark.heavy
def test_a_training_from_the_base_resumes_to_the_same_weights(tmp_path):
    def trained(out, *more, epochs):
        charloom.train(NameCorpus.of(NAMES), out=out, epochs=epochs, progress=False, **dict(more))
        return load_model(out)

    whole = trained(tmp_path / "whole", epochs=2)
    stopped = iter([False, True])
    model, training = settings_for(NameCorpus.of(NAMES), epochs=2)
    events = charloom.training.trainer.fit(
        NameCorpus.of(NAMES), model=model, training=training, out=tmp_path / "half",
        stop=lambda: next(stopped, True),
    )  # fmt: skip
    assert list(events)[-1].reason == "interrupted"
    resumed = trained(tmp_path / "half", ("resume", True), epochs=2)
    for name, array in whole.weights.items():
        np.testing.assert_array_equal(array, resumed.weights[name])
    kinds = whole.facts["kinds"]
    assert kinds == resumed.facts["kinds"] and list(kinds.values()) == sorted(kinds.values())[::-1]
    assert min(kinds.values()) > 0.01 and sum(kinds.values()) < 1.001


@pytest.mark.heavy
def test_a_training_without_a_base_stays_without_when_it_resumes(tmp_path):
    corpus = NameCorpus.of(NAMES)
    charloom.train(corpus, out=tmp_path / "r", base=NO_BASE, epochs=1, units=32, progress=False)
    model = charloom.train(corpus, out=tmp_path / "r", resume=True, epochs=2, progress=False)
    assert model.saved.config == ModelConfig(**load_model(tmp_path / "r").config.to_dict())
    assert model.saved.facts["training"]["base"] == NO_BASE
