"""Recipe files: what is written is read, what is wrong is named in one line, options go before."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom import api
from charloom.data.text import TextCorpus
from charloom.errors import ConfigError, RunError
from charloom.training.events import Started
from charloom.training.recipe_file import RecipeFile, read_recipe, write_recipe
from charloom.training.recipes import recipe, settings_for

SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(["network", "mixture", "ngram"]),
        "cell": st.sampled_from(["gru", "lstm", "rnn"]),
        "units": st.integers(1, 16384),
        "dropout": st.floats(0, 0.99),
        "epochs": st.integers(1, 10**6),
        "learning_rate": st.floats(1e-9, 10),
        "seconds": st.floats(1e-3, 1e6),
        "freeze": st.lists(st.sampled_from(["embedding", "recurrent"]), max_size=2),
    },
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)

LIKE_A_RECIPE = st.fixed_dictionaries(
    {"kind": st.just("charloom recipe"), "version": JSON, "settings": JSON | SETTINGS},
    optional={"found": JSON},
)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("recipes") / "mine.json"


def content(**changes):
    data = {"kind": "charloom recipe", "version": 1, "settings": {"units": 77}, **changes}
    return json.dumps({k: v for k, v in data.items() if v is not ...})


@pytest.mark.slow
@given(SETTINGS, st.dictionaries(st.text(), st.integers() | st.text()))
def test_what_is_written_is_read(path, settings, found):
    write_recipe(path, RecipeFile(settings, found))
    assert read_recipe(path) == RecipeFile(settings, found)


@given(JSON | LIKE_A_RECIPE)
def test_any_json_is_a_recipe_or_an_error_of_one_line(path, data):
    path.write_text(json.dumps(data), "utf-8")
    try:
        assert isinstance(read_recipe(path), RecipeFile)
    except ConfigError as error:
        assert str(error).isprintable() and str(error).startswith(str(path))


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_in_one_line(path, data):
    path.write_bytes(data)
    with pytest.raises(ConfigError, match="recipe") as caught:
        read_recipe(path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (content(kind="charloom model"), "is no recipe"),
        (content(version=2), "has version 2"),
        (content(version=True), "must say its version"),
        (content(version=...), "must say its version"),
        (content(extra=1), "a field 'extra'"),
        (content(settings={"unitz": 3}), "'unitz'"),
        (content(settings={"labels": 3}), "'labels'"),
        (content(settings={"units": "many"}), "units must be a whole number"),
        (content(settings={"order": 3}), "order is for"),
        (content(settings=[1]), "settings that are a JSON object"),
        (content(found=[1]), "found that are a JSON object"),
        (content()[:-3], "in JSON"),
        ('{"kind": "charloom recipe", "kind": "charloom recipe"}', "twice"),
        ("[" * 100_000, "in JSON"),
        (" " * (2**20 + 1), "longer than a recipe may be"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(path, text, said):
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        read_recipe(path)
    assert said in str(caught.value) and str(path) in str(caught.value)


def test_a_file_goes_before_the_size_and_options_before_the_file(path, toy):
    path.write_text(content(settings={"units": 77, "epochs": 3}), "utf-8")
    ours, training = settings_for(toy, path, epochs=5)
    size, by_size = recipe(toy.report.names, toy.report.characters)
    assert (ours.units, training.epochs) == (77, 5)
    assert (ours.dropout, training.batch_size) == (size.dropout, by_size.batch_size)


def test_a_rate_that_was_chosen_before_there_was_nesterovs_momentum_is_used_without(path, toy):
    assert settings_for(toy)[1].nesterov
    for settings, nesterov in (({"learning_rate": 0.01}, False), ({"units": 8}, True),
                               ({"learning_rate": 0.01, "nesterov": True}, True)):  # fmt: skip
        path.write_text(content(settings=settings), "utf-8")
        assert settings_for(toy, path)[1].nesterov is nesterov


def test_the_front_door_takes_a_file(path, toy):
    path.write_text(content(), "utf-8")
    events = api.fit(toy, recipe=str(path), embedding=4)
    began = next(events)
    events.close()
    assert isinstance(began, Started) and began.model.units == 77


def test_another_kind_needs_no_order(path, toy):
    path.write_text(content(settings={"kind": "mixture", "order": 4}), "utf-8")
    assert settings_for(toy, path)[0].order == 4
    assert settings_for(toy, path, kind="network")[0].order == 0
    assert settings_for(toy, path, kind="ngram", order=2)[0].order == 2


def test_a_recipe_for_text_is_not_for_names(path, toy):
    path.write_text(content(settings={"text": True}), "utf-8")
    with pytest.raises(ConfigError, match="is for text, not for names"):
        settings_for(toy, path)
    path.write_text(content(settings={"text": False}), "utf-8")
    with pytest.raises(ConfigError, match="is for names, not for text"):
        settings_for(TextCorpus.of("some text"), str(path))


def test_what_is_neither_name_nor_file_is_said_to_be_neither(toy, tmp_path):
    with pytest.raises(ConfigError, match=r"'dinner'.*no such file.*tutorial"):
        settings_for(toy, "dinner")
    with pytest.raises(ConfigError, match="cannot be read"):
        settings_for(toy, tmp_path / "none.json")
    with pytest.raises(ConfigError, match="cannot be read"):
        settings_for(toy, str(tmp_path))


def test_nothing_is_left_where_a_recipe_cannot_be_written(tmp_path):
    with pytest.raises(RunError, match="could not be written"):
        write_recipe(tmp_path / "no" / "mine.json", RecipeFile({}))
    assert list(tmp_path.iterdir()) == []
