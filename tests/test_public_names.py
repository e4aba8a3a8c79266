"""The public surface: its names, the old ones, and how values show themselves."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

import charloom
from charloom import NameCorpus, NameModel, Run, Sample, TextCorpus, train
from charloom.evaluation.statistics import Estimate
from charloom.generation.explain import explain

PUBLIC = {
    *("NameCorpus", "TextCorpus", "Vocabulary", "train", "fit", "load", "Run", "Tokens"),
    *("LanguageModel", "NameModel", "TextModel", "Sample", "Generated"),
    *(
        "build_model",
        "ModelConfig",
        "TrainConfig",
        "SampleConfig",
        "CharloomError",
        "constraints",
        "samplers",
    ),
}


@pytest.fixture(scope="module")
def model():
    return train(NameCorpus.of(["Ann", "Anna", "Hanna", "Nanna"]), kind="ngram", seed=1)


def test_the_public_names_are_declared_and_there():
    assert set(charloom.__all__) == PUBLIC
    assert set(dir(charloom)) >= PUBLIC
    assert all(getattr(charloom, name) is not None for name in PUBLIC)


def test_no_public_name_is_hidden_by_a_module_of_its_name():
    import charloom.api
    import charloom.cli.main
    import charloom.data.names
    import charloom.run

    assert callable(charloom.train) and callable(charloom.fit) and callable(charloom.load)
    assert isinstance(charloom.Run, type)


@pytest.mark.parametrize(
    ("old", "new"), [("Corpus", "NameCorpus"), ("Text", "TextCorpus"), ("rules", "constraints")]
)
def test_an_old_name_works_with_a_warning(old, new):
    with pytest.warns(DeprecationWarning, match=f"charloom.{old} is deprecated.*{new}"):
        assert getattr(charloom, old) is getattr(charloom, new)


@pytest.mark.parametrize("name", ["constraints", "samplers", "NameCorpus"])
def test_a_public_name_does_not_warn(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        getattr(charloom, name)


def test_a_name_that_is_not_there_says_so():
    with pytest.raises(AttributeError, match="has no attribute 'Names'"):
        charloom.Names  # noqa: B018


def test_old_methods_of_a_model_work_with_a_warning(model):
    with pytest.warns(DeprecationWarning, match="score is deprecated"):
        np.testing.assert_array_equal(model.score(["Ann"]), model.nll(["Ann"]))
    with pytest.warns(DeprecationWarning, match="known is deprecated"):
        assert model.known == model.training_set
    with pytest.warns(DeprecationWarning, match="is_text is deprecated"):
        assert not model.is_text
    with pytest.warns(DeprecationWarning, match="joined is deprecated"):
        blend = model.joined(model, 0.5)
    assert blend.names(3, seed=1) == model.blend_with(model).names(3, seed=1)
    with pytest.warns(DeprecationWarning, match="steered is deprecated"):
        assert isinstance(model.steered({}), NameModel)


def test_a_short_repr_says_what_it_is(model, tmp_path):
    corpus = NameCorpus.of(["Ann", "Bea"])
    assert repr(corpus) == "NameCorpus(2 names from the list)"
    assert repr(TextCorpus.of("abab\n")).startswith("TextCorpus(5 characters, 1 document")
    model.save(tmp_path / "run")
    run = Run.open(tmp_path / "run")
    assert repr(model) == "NameModel(ngram, 5 characters, trained on 4 names)"
    assert repr(run) == f"Run({str(tmp_path / 'run')!r}, ngram of names)"
    assert repr(run.saved).startswith("SavedModel(ngram, ")
    generated = model.generate(9, seed=1, allow_known=True)
    assert len(repr(generated)) < 120
    assert repr(generated).startswith(f"Generated(9: {generated[0].text!r}, ")
    assert repr(generated).endswith(", ...)")
    assert str(Estimate(value=0.25, low=0.2, high=0.3)) == "0.25 (0.2 to 0.3)"


def test_generated_names_are_a_table_in_a_notebook(model):
    page = model.generate(30, seed=1, allow_known=True, max_length=6)._repr_html_()
    assert page.count("<tr>") == 21
    assert "and 10 more" in page


def test_what_a_notebook_shows_is_escaped():
    model = train(NameCorpus.of(["<b>", "<b>>", "<<b>"]), kind="ngram", seed=1)
    pages = [
        model.generate(2, allow_known=True, start="<b>")._repr_html_(),
        NameCorpus.of(["<b>"])._repr_html_(),
    ]
    assert "&lt;b&gt;" in pages[0]
    assert not any("<b>" in page for page in pages)


def test_models_and_runs_are_a_table_in_a_notebook(model, tmp_path):
    model.save(tmp_path / "<b>")
    for page in (model._repr_html_(), Run.open(tmp_path / "<b>")._repr_html_()):
        assert "<td>ngram</td>" in page
        assert "<th>trained on</th><td>3 names, 1 held out" in page
    assert "&lt;b&gt;" in page and "<b>" not in page
    text = train(TextCorpus.of("abab\n" * 20), kind="ngram", seed=1)
    assert "TextModel" in text._repr_html_() and "characters" in text._repr_html_()
    assert "<th>made from</th>" in model.blend_with(model)._repr_html_()


def test_an_explanation_is_a_table_in_a_notebook():
    model = train(NameCorpus.of(["<b>", "<b>>", "<<b>", "a b"]), kind="ngram", seed=1)
    page = explain(model, ["<b "], 2)[0]._repr_html_()
    assert page.count("<tr>") == 5
    assert "&lt;b : " in page and "<b>" not in page
    assert "<bdi>␣</bdi>" in page and "<bdi>end</bdi>" in page
    assert "nearest training name: &lt;b&gt;, 1 edit away" in page


def test_a_corpus_and_an_estimate_show_themselves_in_a_notebook():
    assert "Ann, Bea" in NameCorpus.of(["Ann", "Bea"])._repr_html_()
    assert "5 characters" in TextCorpus.of("abab\n")._repr_html_()
    shown = Estimate(value=0.25, low=0.2, high=0.3)._repr_html_()
    assert "0.25" in shown and "0.2 to 0.3" in shown


def test_samples_are_plain_data(model):
    assert Sample("Ann", 1.23456789, "new").to_dict() == {
        "text": "Ann",
        "nats": 1.234568,
        "origin": "new",
    }
    generated = model.generate(3, seed=1, allow_known=True)
    data = json.loads(json.dumps(generated.to_dict()))
    assert [sample["text"] for sample in data["samples"]] == [s.text for s in generated]
    assert set(data) == {"samples", "seen", "mass", "reason", "note"}
