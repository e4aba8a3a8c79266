"""Model cards: what they say about every kind of run, and what they never overwrite or reveal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import numpy as np
import pytest

from charloom import load
from charloom.data.vocabulary import Vocabulary
from charloom.reporting import card
from charloom.reporting.card.markdown import fenced, plain
from charloom.reporting.gathered import gather
from charloom.run import load_model, save_model
from helpers.report_pages import subject
from helpers.run_folders import toy
from helpers.text_runs import save_text_run

FEW = ["--samples", "200"]


@pytest.fixture(scope="module")
def data(trained):
    return card_of(trained, samples=200)


def card_of(run, **options):
    return card.card_data(gather(subject(run), **options))


def test_a_card_is_written_into_the_run(call, trained, tmp_path):
    import shutil

    run = shutil.copytree(trained, tmp_path / "toy")
    code, out, err = call("card", run, *FEW)
    assert (code, out) == (0, "")
    assert f"Written to {run / 'README.md'}" in err
    text = (run / "README.md").read_text("utf-8")
    assert text.startswith("---\nlibrary_name: charloom\n")
    for title in ("How to use it", "What it is for", "What it was trained on", "How it was trained",
                  "How good it is", "Memorisation", "Limits"):  # fmt: skip
        assert f"\n## {title}" in text
    before = (run / "README.md").read_bytes()
    assert call("card", run, *FEW)[0] == 0  # its own card it may replace
    assert (run / "README.md").read_bytes() == before  # and the same run gives the same one
    assert load(run).names(1)


def test_a_card_says_how_text_is_divided_into_documents(tmp_path):
    corpus = {"sources": ["soups.txt"], "documents": 3, "divided": "blank-line", "characters": 99}
    run = save_text_run(tmp_path / "run", facts={"corpus": corpus})
    text = card.to_markdown(card_of(run, samples=200))
    assert "| Documents | 3 documents, divided by blank lines; each has an end" in text
    run = save_text_run(tmp_path / "plain", facts={"corpus": {"documents": 3}})
    assert "| Documents | 3 |" in card.to_markdown(card_of(run, samples=200))


def test_the_figures_are_those_that_were_measured(data):
    text = card.to_markdown(data)
    nats = next(one for one in data["measures"] if one["name"] == "nats_per_char")
    assert f"| **{nats['value']:.3f}** | {nats['low']:.3f} to {nats['high']:.3f} |" in text
    assert plain(data["memorisation"]["verdict"]) in text
    assert "| Trained on | 108 names |" in text
    assert "| Held out | 12 names |" in text
    assert "measured on 12 held-out names only" in text
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["left_out"] == {}


def test_the_card_counts_the_training_names_and_shows_none(data, trained):
    text = card.to_markdown(data)
    saved = load_model(trained)
    words = set(re.findall(r"\w+", text.replace("keras", "")))  # also a name of the toy's pattern
    assert not words & {*saved.train_names, *saved.held_out_names}
    assert all(name in text for name in data["examples"])
    assert str(trained.parent) not in text  # nor where the files lay


def test_the_front_matter_is_valid_yaml(data):
    yaml = pytest.importorskip("yaml")
    named = data | {"name": 'a: "b" # c\u00e9'}
    front = yaml.safe_load(card.to_markdown(named).split("---\n")[1])
    assert front["library_name"] == "charloom"
    (entry,) = front["model-index"]
    assert entry["name"] == 'a: "b" # c\u00e9'
    assert entry["results"][0]["metrics"][0]["type"] == "nats_per_char"


def test_the_recipe_in_a_card_trains_the_same_model(call, data, trained, names_file, tmp_path):
    block = re.search(r"```json\n(.*?)\n```", card.to_markdown(data), re.DOTALL)
    assert block is not None
    recipe = tmp_path / "recipe.json"
    recipe.write_text(block[1])
    again = tmp_path / "again"
    assert call("train", names_file, "--recipe", recipe, "--out", again)[0] == 0
    one, two = load_model(trained), load_model(again)
    assert one.config == two.config and one.facts["training"] == two.facts["training"]
    assert all(np.array_equal(one.weights[name], two.weights[name]) for name in one.weights)


def test_a_file_that_is_not_a_card_is_not_replaced(call, trained, tmp_path):
    path = tmp_path / "README.md"
    path.write_text("# Mine\n")
    code, _, err = call("card", trained, "--out", path, *FEW)
    assert code == 1 and "was not written by charloom card" in err and err.count("\n") == 1
    assert path.read_text() == "# Mine\n"
    assert call("card", trained, "--out", path, "--force", *FEW)[0] == 0
    assert card.MARK in path.read_text("utf-8")


def test_a_card_that_cannot_be_written_gives_a_one_line_error(call, trained, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for out, said in (
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "card.md", "is no folder"),
        (tmp_path / "pipe", "not a regular file"),
    ):
        code, stdout, err = call("card", trained, "--out", out, "--force", *FEW)
        assert code == 1 and stdout == "" and said in err and err.count("\n") == 1
    code, _, err = call("card", tmp_path / "nothing")
    assert code == 1 and err.count("\n") == 1 and "`charloom train` wrote" in err
    assert call("card", trained, "--source", "list.txt", *FEW)[0] == 2  # there is none for names


def test_standard_output_and_json_write_no_file(call, trained):
    code, out, _ = call("card", trained, "--out", "-", *FEW)
    assert code == 0 and out.startswith("---\n") and card.MARK in out
    code, out, _ = call("card", trained, "--json", *FEW)
    found = json.loads(out)
    assert code == 0 and found["trained_on"] == 108 and found["memorisation"]["verdict"]
    assert not (trained / "README.md").exists()


def test_other_commands_load_neither_templates_nor_plots(trained):
    code = (
        "import sys; from charloom.cli.main import run\n"
        "for command in (['info'], ['generate', '-n', '1'], ['card', '--help']):\n"
        "    assert run([command[0], sys.argv[1], *command[1:]], started=0.0) == 0\n"
        "assert not {'jinja2', 'matplotlib'} & set(sys.modules)\n"
    )
    arguments = [sys.executable, "-c", code, str(trained)]
    subprocess.run(arguments, check=True, timeout=60, stdout=subprocess.DEVNULL)


def test_names_and_files_of_a_run_are_escaped_in_markdown(tmp_path):
    run = tmp_path / "a|b`<img src=x>"
    names = ("<b>", "`a|", "```")
    characters = tuple(sorted(set("".join(names))))
    facts = {"corpus": {"sources": ["/home/me/<script>|.txt"], "names": 3}, "longest": 3}
    saved = toy(vocabulary=Vocabulary(characters), facts=facts, train_names=names[:2],
                held_out_names=names[2:])  # fmt: skip
    run.mkdir()
    save_model(run, saved)
    text = card.to_markdown(card_of(run, samples=50))
    outside = re.sub(r"(?s)^(`{3,}).*?^\1$", "", text.split("---\n", 2)[2], flags=re.MULTILINE)
    assert "<script>" not in outside and "<img" not in outside
    assert r"&lt;script&gt;\|.txt" in outside and "/home/me" not in text
    assert "charloom generate RUN" in text  # no name that a shell would read otherwise


def test_a_run_that_held_nothing_out_says_so(tmp_path):
    save_model(tmp_path / "run", toy(held_out_names=None))
    data = card_of(tmp_path / "run", samples=50)
    text = card.to_markdown(data)
    assert "Nothing was held out" in text
    assert "Not measured: the run holds no training names, or no held-out ones" in text
    assert data["recipe"] is None and "recipe.json" not in text


@pytest.mark.slow
def test_a_run_of_text_has_a_passage_and_no_names(call, tmp_path):
    source = tmp_path / "text.txt"
    source.write_text("abcab\nab" * 400)
    held_out = ("abcab\nab" * 400)[-600:]
    facts = {"corpus": {"sources": [str(source)]}, "train_characters": 2600,
             "held_out_characters": 600}  # fmt: skip
    run = save_text_run(tmp_path / "run", held_out=held_out, facts=facts)
    data = card_of(run)
    text = card.to_markdown(data)
    assert "model.text(500)" in text and "What it writes" in text
    assert "characters drawn at temperature 1, the longest piece" in text
    assert "made up" in text
    assert "On 600 held-out characters and 20,000 characters sampled at temperature 1" in text
    few = card.to_markdown(card_of(run, samples=300))
    assert "and 300 characters sampled" in few
    source.unlink()
    code, out, err = call("card", run, "--out", "-")
    assert code == 0 and "Not measured: the text that run was trained on is not at hand" in out
    assert str(tmp_path) not in out
    assert "left out: memorisation: the text that" in err
    source.write_text("another")
    code, out, err = call("card", run, "--source", source, "--out", "-")
    assert (code, out, err.count("\n")) == (1, "", 1) and "not the text" in err


@pytest.mark.parametrize("kind", ["ngram", "uniform"])
def test_baselines_have_no_network_and_no_best_epoch(call, names_file, tmp_path, kind):
    run = tmp_path / "run"
    assert call("train", names_file, "--model", kind, "--out", run)[0] == 0
    text = card.to_markdown(card_of(run, samples=200))
    assert "| Network |" not in text and "Best epoch" not in text
    assert ("also chose its order" in text) == (kind == "ngram")
    assert ("| N-gram | n-gram of order" in text) == ("in their style" in text) == (kind == "ngram")
    recipe = json.loads(re.search(r"```json\n(.*?)```", text, re.DOTALL)[1])
    assert not {"units", "epochs", "learning_rate"} & set(recipe["settings"])
    (tmp_path / "recipe.json").write_text(json.dumps(recipe))
    options = ("--recipe", tmp_path / "recipe.json", "--out", tmp_path / "again")
    assert call("train", names_file, *options)[0] == 0
    weights, again = load_model(run).weights, load_model(tmp_path / "again").weights
    assert all(np.array_equal(weights[name], again[name]) for name in weights)
    shown = json.loads(call("info", run, "--json")[1])
    assert f"| Parameters | {shown['parameters']:,} |" in text


@pytest.mark.slow
def test_a_model_that_needs_a_start_says_which(call, names_file, tmp_path):
    run = tmp_path / "run"
    code, _, err = call("train", names_file, "--recipe", "tutorial", "--epochs", "1", "--units",
                        "16", "--embedding", "8", "--batch-size", "16", "--out", run)  # fmt: skip
    assert code == 0, err
    text = card.to_markdown(card_of(run, samples=50))
    assert "every sample needs a start" in text
    assert "--start b" in text and "start='b'" in text


def test_a_card_warns_of_canaries(data):
    from charloom.reporting.card.limits import limits

    assert not [line for line in limits(data) if "random strings" in line]
    assert [line for line in limits(data | {"canaries": 7}) if line.startswith("7 random strings")]


def test_text_is_plain_in_one_line():
    assert plain("a*b_c\n<d>|`e`") == r"a\*b\_c &lt;d&gt;\|\`e\`"
    assert fenced("a\n````\nb") == "`````text\na\n````\nb\n`````"


def test_the_start_in_the_card_is_a_python_string(data):
    text = card.to_markdown(data | {"start": "'"})
    assert """start="'\")""" in text and "--start" not in text
