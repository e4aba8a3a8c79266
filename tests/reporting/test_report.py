"""``charloom report``: what a page says, escapes, repeats, leaves out and refuses."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
import sys
import time

import numpy as np
import pytest

from charloom import load
from charloom.cli.main import run as charloom
from charloom.config import ModelConfig
from charloom.data.vocabulary import Vocabulary
from charloom.evaluation import activity
from charloom.reporting.figures import figure_data
from charloom.reporting.report import page
from charloom.run import save_model
from helpers.report_pages import FACTS, Outline, measured, reported, subject
from helpers.run_folders import save_toy, toy
from helpers.text_runs import save_text_run

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None,
    reason="needs the plotting extra, charloom[plot]",
)


@pytest.fixture
def save(tmp_path):
    """Save a small model with ``changes`` and return its folder."""

    def save(**changes):
        return save_toy(tmp_path / "run", **({"facts": FACTS} | changes))

    return save


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A report of the small model: its text and its outline."""
    folder = tmp_path_factory.mktemp("plain")
    run = save_toy(folder / "run", facts=FACTS)
    out = folder / "report.html"
    arguments = ["report", str(run), "--out", str(out), "--samples", "50"]
    assert charloom(arguments, started=time.monotonic()) == 0
    text = out.read_text("utf-8")
    return text, Outline(text)


@pytest.fixture(scope="module")
def counted(names_file, tmp_path_factory):
    """Train a model of another kind."""

    def counted(kind):
        run = tmp_path_factory.mktemp("counted") / "run"
        small = ["--units", "8", "--embedding", "4", "--epochs", "2"] if kind == "mixture" else []
        arguments = ["train", str(names_file), "--out", str(run), "--model", kind, *small]
        assert charloom(arguments, started=time.monotonic()) == 0
        return run

    return counted


@pytest.fixture
def report(call, capsys, tmp_path):
    """Write a report of a run and return its text and its outline."""

    def report(run, *options, name="report.html"):
        out = tmp_path / name
        capsys.readouterr()
        code, stdout, err = call("report", run, "--out", out, "--samples", "50", *options)
        assert (code, stdout) == (0, ""), err
        text = out.read_text("utf-8")
        return text, Outline(text)

    return report


def refused(result, code):
    assert result[:2] == (code, "")
    assert len(result[2].splitlines()) == 1
    return result[2]


def test_a_page_has_a_heading_sections_and_links_to_each_of_them(plain):
    _, found = plain
    assert len(found.of("h1")) == 1
    assert found.of("html", lang="en") and found.of("main") and found.of("nav")
    targets = [a["href"] for a in found.of("a")]
    assert targets and all(target[1:] in found.ids for target in targets)
    assert len(found.ids) == len(set(found.ids))
    for name in (
        "corpus",
        "loss",
        "wall",
        "next_letter",
        "measures",
        "embedding",
        "units",
        "reproducibility",
    ):
        assert name in found.ids
    assert all(svg.get("aria-label") or "aria-hidden" in svg for svg in found.of("svg"))


def test_the_page_loads_nothing_and_allows_only_its_own_script(plain):
    text, found = plain
    (policy,) = found.of("meta", **{"http-equiv": "Content-Security-Policy"})
    rules = dict(rule.strip().split(" ", 1) for rule in policy["content"].split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    for kind in ("script", "style"):
        (body,) = re.findall(f"<{kind}>(.*?)</{kind}>", text, re.S)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert rules[f"{kind}-src"] == f"'sha256-{digest}'"
    for _, attributes in found.elements:
        assert not {"style", "onclick", "src", "srcset"} & set(attributes)
        assert attributes.get("href", "#").startswith("#")
    assert not re.search(r"url\((?!#)", text)
    assert "@import" not in text


@pytest.mark.heavy
@pytest.mark.slow
def test_the_same_run_and_seed_give_the_same_bytes_wherever_it_lies(plain, save, report, tmp_path):
    run = save()  # the same as ``plain`` has, elsewhere
    assert report(run)[0] == plain[0]
    assert report(run, "--seed", "5", name="other.html")[0] != plain[0]
    assert str(tmp_path.parent) not in plain[0]


def test_the_path_of_the_list_is_not_on_the_page(plain):
    text, found = plain
    assert "dinos.txt" in found.words
    assert "/home" not in text


@pytest.mark.slow
def test_the_first_screen_has_three_measures_ten_names_and_the_verdict(save):
    content = reported(save(), samples=50)
    content.found.measurement = measured()
    content.found.memorisation = {"verdict": "It copies nothing.", "level": "none"}
    header = re.search("<header.*?</header>", page(content), re.S)[0]
    found = Outline(header)
    assert "1.60" in found.words and "1.44 to 1.76" in found.words
    assert "It copies nothing." in found.words
    assert [a["class"] for a in found.of("p") if "verdict" in a["class"]] == ["verdict is-none"]
    for name in content.found.new_names:
        assert name in found.words
    assert 0 < len(content.found.new_names) <= 10


@pytest.mark.slow
def test_copies_and_near_copies_are_marked_among_the_names(save):
    content = reported(save(), samples=50)
    content.found.measurement = measured([("aa", "aa", 0), ("aaa", "aa", 1), ("ßßßß", "ßa", 3)])
    found = Outline(page(content))
    tips = {a["class"]: a["data-tip"] for a in found.of("button") if "data-tip" in a}
    assert tips == {
        "copied": "aa: in the training list",
        "near": "aaa: nearest in the list aa, 1 edit away",
        "new": "ßßßß: nearest in the list ßa, 3 edits away",
    }


@pytest.mark.heavy
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["ngram", "uniform"])
def test_sections_on_networks_are_left_out_for_other_models(kind, counted, report):
    _, found = report(counted(kind))
    assert not {"loss", "embedding", "units"} & set(found.ids)
    assert {"wall", "measures", "next_letter", "reproducibility"} <= set(found.ids)
    assert f"--model {kind}" in found.words
    assert "Left out" not in found.words


@pytest.mark.heavy
@pytest.mark.slow
def test_a_mixture_shows_its_network(counted, report):
    run = counted("mixture")
    _, found = report(run)
    assert {"loss", "embedding", "units"} <= set(found.ids)
    assert "mixed with a" in found.words
    (hidden,) = activity(load(run), ["bal"])
    assert hidden.shape == (3, 8)
    assert 0 < np.abs(hidden).max() < 1


@pytest.mark.slow
def test_a_model_with_labels_shows_names_of_each_kind(tmp_path, report):
    run = tmp_path / "run"
    config = ModelConfig(units=2, embedding=2, labels=2)
    save_model(run, toy(config=config, labels=("<old>", "new"), facts=FACTS))
    _, found = report(run)
    assert "kinds" in found.ids
    assert "<old>" in found.words


@pytest.mark.heavy
@pytest.mark.slow
@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"corpus": "x", "training": [], "best": 3, "history": "no", "versions": 1, "seconds": "s"},
        {"corpus": {"sources": 5, "names": "many", "mean": None}, "best": {"epoch": "last"},
         "training": {"units": None}, "seconds": -1, "backend": 3, "train_names": "all"},
    ],
)  # fmt: skip
def test_facts_of_any_shape_make_a_page(save, facts):
    found = Outline(page(reported(save(facts=facts), samples=20)))
    assert {"corpus", "wall", "reproducibility"} <= set(found.ids)


@pytest.mark.slow
def test_a_run_without_held_out_names_says_so(save, call, tmp_path):
    run = save(held_out_names=None)
    out = tmp_path / "report.html"
    code, _, err = call("report", run, "--out", out, "--samples", "50")
    assert code == 0 and "left out: memorisation" in err
    found = Outline(out.read_text("utf-8"))
    assert "Left out" in found.words
    assert "wall" in found.ids


def test_a_run_of_text_has_a_passage_in_place_of_names(tmp_path, report):
    run = save_text_run(tmp_path / "text", held_out="abca\nab" * 40)
    _, found = report(run)
    assert "passage" in found.ids
    assert not {"wall", "lengths"} & set(found.ids)
    assert {"letters", "pairs", "next_letter", "reproducibility"} <= set(found.ids)
    assert "--as text" in found.words


def test_a_large_alphabet_is_cut_to_the_most_frequent(tmp_path):
    characters = tuple(chr(0x4E00 + i) for i in range(200))
    names = tuple(characters[i] + characters[0] for i in range(1, 200))
    run = tmp_path / "run"
    save_model(run, toy(vocabulary=Vocabulary(characters), train_names=names[:150],
                        held_out_names=names[150:]))  # fmt: skip
    letters = figure_data(subject(run), "letters", n=20)
    assert len(letters["characters"]) == 40
    assert characters[0] in letters["characters"]
    pairs = figure_data(subject(run), "pairs", n=20, most=30)
    assert len(pairs["characters"]) == len(pairs["real"]) == 30
    assert pairs["characters"][0] == "\n"


@pytest.mark.heavy
@pytest.mark.slow
def test_samples_of_a_model_without_begin_start_as_its_list_does(save, call, tmp_path):
    run, out = save(config=ModelConfig(units=2, embedding=2, begin=False)), tmp_path / "r.html"
    code, _, err = call("report", run, "--out", out, "--samples", "50")
    found = Outline(out.read_text("utf-8"))
    assert code == 0 and {"wall", "letters", "heat"} <= set(found.ids)
    assert "left out" not in err
    assert call("report", run, "--out", out, "--samples", "50", "--start", "a")[2].count("\n") == 1


@pytest.mark.slow
def test_measuring_on_other_names(save, report, write):
    _, found = report(save(), "--data", write("aß\nßß\naaa\n"))
    assert "Measured on 3 held-out names" in found.words


@pytest.mark.heavy
@pytest.mark.slow
def test_a_file_that_is_no_report_is_not_replaced(save, call, tmp_path):
    run, out = save(), tmp_path / "thesis.html"
    out.write_text("years of work", "utf-8")
    asked = ("report", run, "--out", out, "--samples", "20")
    assert "--force" in refused(call(*asked), 2)
    assert out.read_text("utf-8") == "years of work"
    assert call(*asked, "--force")[0] == 0
    assert call(*asked)[0] == 0  # a report may be
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "report.pdf"], ".html"),
        (["--out", "report.html", "--samples", "0"], "samples"),
        (["--out", "report.html", "--seed", "-1"], "seed"),
        ([], "--out"),
    ],
)
def test_wrong_usage_is_one_line_and_code_2(call, save, arguments, said):
    assert said in refused(call("report", save(), *arguments), 2)


def test_what_cannot_be_written_or_read_is_one_line(call, save, tmp_path):
    run = save()
    (tmp_path / "folder.html").mkdir()
    refused(call("report", run, "--out", tmp_path / "folder.html"), 2)
    out = tmp_path / "none" / "report.html"
    assert "is no folder" in refused(call("report", run, "--out", out), 2)  # before any work
    refused(call("report", tmp_path / "missing", "--out", tmp_path / "r.html"), 1)


def test_without_matplotlib_one_line_says_how_to_get_it(call, save, tmp_path, monkeypatch):
    for module in [m for m in sys.modules if m.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    out = tmp_path / "report.html"
    assert "charloom[plot]" in refused(call("report", save(), "--out", out), 1)
    assert not out.exists()
