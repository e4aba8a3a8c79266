"""``charloom report``: what a page says, escapes, repeats, leaves out and refuses."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import re
import sys
import time
from html.parser import HTMLParser

import numpy as np
import pytest

from charloom import load
from charloom.checkpoint import load_model, save_model
from charloom.cli.main import run as charloom
from charloom.config import ModelConfig
from charloom.evaluation import activity
from charloom.report import Content, Source, figure_data, gather, page
from charloom.report.html import Html, interval, number, percent, tag
from charloom.report.svg import inline
from charloom.vocabulary import Vocabulary
from run_folders import toy
from text_runs import save_text_run

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("matplotlib") is None,
    reason="needs the plotting extra, charloom[plot]",
)

EVIL = "</style><script>alert('&\")</script>"
HISTORY = [
    {"epoch": 1, "step": 2, "train_nats_per_char": 2.5, "held_out_nats_per_char": 2.0},
    {"epoch": 2, "step": 4, "train_nats_per_char": 2.25, "held_out_nats_per_char": 1.75},
]
FACTS = {
    "corpus": {"sources": ["/home/me/lists/dinos.txt"], "names": 3, "mean": 2.3, "duplicates": 1},
    "train_names": 3,
    "held_out_names": 2,
    "training": {"epochs": 2, "seed": 7, "learning_rate": 0.01, "batch_size": 2, "held_out": 0.4},
    "versions": {"charloom": "0.1.0", "jax": "0.9"},
    "history": HISTORY,
    "longest": 3,
    "seconds": 2.5,
}
VOID = {"meta", "input", "br", "line"}


class Outline(HTMLParser):
    """Reads a page, and fails where an element is left open or closed twice."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.text = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, name, attributes):
        self.elements.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name, attributes):
        self.elements.append((name, dict(attributes)))

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        if "style" not in self.open and "script" not in self.open:
            self.text.append(data)

    def of(self, name, **attributes):
        return [a for n, a in self.elements if n == name and attributes.items() <= a.items()]

    @property
    def ids(self):
        return [a["id"] for _, a in self.elements if "id" in a]

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def estimate(value):
    return {"value": value, "low": value * 0.9, "high": value * 1.1}


def measured(names=()):
    """Return what ``evaluation.measure`` would."""
    common = {"better": "lower", "real": None, "explanation": "Said in a sentence."}
    return {
        "names": [
            {"text": text, "nats": 3.0, "nearest": near, "distance": distance}
            for text, near, distance in names
        ],
        "measures": [
            {"name": "nats_per_char", "title": "Surprise", "unit": "nats",
             **estimate(1.6), **common},
            {"name": "new", "title": "New", "unit": "%", **estimate(0.5),
             **common, "real": estimate(0.9), "better": "as real"},
        ],
        "calibration": {"bins": [{"predicted": 0.5, "observed": 0.4, "count": 10}]},
        "skipped_names": 0,
    }  # fmt: skip


@pytest.fixture
def save(tmp_path):
    """Save a small model, changed as asked for, and return its folder."""

    def save(**changes):
        fields = {
            "train_names": ("aßa", "ßa", "aa"),
            "held_out_names": ("ßaß", "a"),
            "facts": FACTS,
        }
        save_model(tmp_path / "run", toy(**(fields | changes)))
        return tmp_path / "run"

    return save


def source(run):
    return Source(run, load_model(run), lambda: load(run))


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A report of the small model, as it is, and read."""
    folder = tmp_path_factory.mktemp("plain")
    run = folder / "run"
    save_model(run, toy(train_names=("aßa", "ßa", "aa"), held_out_names=("ßaß", "a"), facts=FACTS))
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
    """Write a report of a run and return it as it is, and read."""

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
        "origin",
    ):
        assert name in found.ids
    assert all(svg.get("aria-label") or "aria-hidden" in svg for svg in found.of("svg"))


def test_the_page_asks_for_nothing_and_lets_only_its_own_script_run(plain):
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


def test_the_same_run_and_seed_give_the_same_bytes_wherever_it_lies(plain, save, report, tmp_path):
    run = save()  # the same as ``plain`` has, elsewhere
    assert report(run)[0] == plain[0]
    assert report(run, "--seed", "5", name="other.html")[0] != plain[0]
    assert str(tmp_path.parent) not in plain[0]


def test_where_the_list_lies_is_nobodys_business(plain):
    text, found = plain
    assert "dinos.txt" in found.words
    assert "/home" not in text


def test_what_comes_from_the_user_is_never_markup():
    saved = toy(
        vocabulary=Vocabulary(tuple(sorted(set(EVIL)))),
        train_names=(EVIL,),
        facts={**FACTS, "corpus": {"sources": [EVIL]}, "versions": {EVIL: EVIL}, "backend": EVIL},
    )
    content = Content(
        run=EVIL,
        saved=saved,
        parameters=1,
        samples=1,
        seed=0,
        figures={
            "letters": {"characters": ["<", "&"], "generated": [0.5, 0.5], "real": [0.4, 0.6]},
            "pairs": {"characters": ["<", '"'], "generated": [[1, 0], [0, 1]],
                      "real": [[1, 0], [1, 0]]},
            "units": {"names": [["<", '"', "&"]], "units": [
                {"unit": 0, "feature": EVIL, "correlation": 0.5,
                 "activities": [[0.1, -0.9, 1.0]]}]},
            "embedding": {"characters": ["<", "&"], "kinds": ["other", "other"],
                          "points": [[0, 0], [1, 1]], "explained": [0.5, 0.5]},
        },
        measurement=measured([(EVIL, EVIL, 1), (EVIL, EVIL, 0)]),
        memorisation={"verdict": EVIL, "level": EVIL,
                      "longest_copy": {"characters": 3, "text": EVIL}},
        new_names=[EVIL],
        by_temperature=[(1.0, [(EVIL, True)])],
        next=[{"text": EVIL, "targets": ["<"], "characters": ["<", "&"],
               "probabilities": [[0.5, 0.5]]}],
        left_out={EVIL: EVIL},
    )  # fmt: skip
    text = page(content)
    found = Outline(text)
    assert len(found.of("script")) == len(found.of("style")) == 1
    assert "alert('" not in text.replace("alert(&#x27;", "").replace("alert('&amp;", "")
    assert EVIL in found.words
    assert {a["data-tip"] for a in found.of("button", **{"class": "copied"})} == {
        f"{EVIL}: in the training list"
    }


def test_markup_is_what_was_built_as_such():
    assert tag("p", "<b>", Html("<i>"), None, 1234, class_='"') == (
        '<p class="&quot;">&lt;b&gt;<i>1,234</p>'
    )
    assert tag("li", ["a", ["<"]], hidden=True, id=None, data_x="&") == (
        '<li hidden data-x="&amp;">a&lt;</li>'
    )


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (1.60149, "nats", "1.60"), (0.0, "", "0"), (12345.6, "", "12,346"), (0.0123, "", "0.0123"),
        (0.58, "%", "58 %"), (0.0712, "%", "7.1 %"), (0.0001, "%", "< 0.1 %"), (1.0, "%", "100 %"),
        (0.99999, "%", "> 99.9 %"), (0.9951, "%", "99.5 %"), (float("inf"), "", "not finite"),
    ],
)  # fmt: skip
def test_numbers_are_written_for_people(value, unit, shown):
    assert number(value, unit) == shown


def test_an_interval_names_its_unit_once():
    assert interval(0.54, 0.62, "%") == "54 to 62 %"
    assert interval(0.9701, 0.9748, "%") == "97.0 to 97.5 %"
    assert interval(1.5, 1.75) == "1.50 to 1.75"
    assert percent(0) == "0 %"


def test_the_first_screen_has_three_measures_ten_names_and_the_verdict(save):
    content = gather(source(save()), samples=50)
    content.measurement = measured()
    content.memorisation = {"verdict": "It copies nothing.", "level": "none"}
    header = re.search("<header.*?</header>", page(content), re.S)[0]
    found = Outline(header)
    assert "1.60" in found.words and "1.44 to 1.76" in found.words
    assert "It copies nothing." in found.words
    assert [a["class"] for a in found.of("p") if "verdict" in a["class"]] == ["verdict is-none"]
    for name in content.new_names:
        assert name in found.words
    assert 0 < len(content.new_names) <= 10


def test_copies_and_near_copies_are_told_on_the_wall(save):
    content = gather(source(save()), samples=50)
    content.measurement = measured([("aa", "aa", 0), ("aaa", "aa", 1), ("ßßßß", "ßa", 3)])
    found = Outline(page(content))
    tips = {a["class"]: a["data-tip"] for a in found.of("button") if "data-tip" in a}
    assert tips == {
        "copied": "aa: in the training list",
        "near": "aaa: nearest in the list aa, 1 edit away",
        "new": "ßßßß: nearest in the list ßa, 3 edits away",
    }


@pytest.mark.parametrize("kind", ["ngram", "uniform"])
def test_what_a_model_that_only_counts_lacks_is_left_out(kind, counted, report):
    _, found = report(counted(kind))
    assert not {"loss", "embedding", "units"} & set(found.ids)
    assert {"wall", "measures", "next_letter", "origin"} <= set(found.ids)
    assert f"--model {kind}" in found.words
    assert "Left out" not in found.words


def test_a_mixture_shows_its_network(counted, report):
    run = counted("mixture")
    _, found = report(run)
    assert {"loss", "embedding", "units"} <= set(found.ids)
    assert "mixed with a" in found.words
    (hidden,) = activity(load(run), ["bal"])
    assert hidden.shape == (3, 8)
    assert 0 < np.abs(hidden).max() < 1


def test_a_model_with_labels_shows_names_of_each_kind(tmp_path, report):
    run = tmp_path / "run"
    config = ModelConfig(units=2, embedding=2, labels=2)
    save_model(run, toy(config=config, labels=("<old>", "new"), facts=FACTS))
    _, found = report(run)
    assert "kinds" in found.ids
    assert "<old>" in found.words


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
    found = Outline(page(gather(source(save(facts=facts)), samples=20)))
    assert {"corpus", "wall", "origin"} <= set(found.ids)


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
    assert {"letters", "pairs", "next_letter", "origin"} <= set(found.ids)
    assert "--as text" in found.words


def test_a_large_alphabet_is_cut_to_the_most_frequent(tmp_path):
    characters = tuple(chr(0x4E00 + i) for i in range(200))
    names = tuple(characters[i] + characters[0] for i in range(1, 200))
    run = tmp_path / "run"
    save_model(run, toy(vocabulary=Vocabulary(characters), train_names=names[:150],
                        held_out_names=names[150:]))  # fmt: skip
    letters = figure_data(source(run), "letters", n=20)
    assert len(letters["characters"]) == 40
    assert characters[0] in letters["characters"]
    pairs = figure_data(source(run), "pairs", n=20, most=30)
    assert len(pairs["characters"]) == len(pairs["real"]) == 30
    assert pairs["characters"][0] == "\n"


def test_a_model_without_begin_begins_as_its_list_does(save, call, tmp_path):
    run, out = save(config=ModelConfig(units=2, embedding=2, begin=False)), tmp_path / "r.html"
    code, _, err = call("report", run, "--out", out, "--samples", "50")
    found = Outline(out.read_text("utf-8"))
    assert code == 0 and {"wall", "letters", "heat"} <= set(found.ids)
    assert "left out" not in err
    assert call("report", run, "--out", out, "--samples", "50", "--start", "a")[2].count("\n") == 1


def test_measuring_on_other_names(save, report, write):
    _, found = report(save(), "--data", write("aß\nßß\naaa\n"))
    assert "measured on 3 that it had not seen" in found.words


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
    refused(call("report", run, "--out", out, "--samples", "20"), 1)
    refused(call("report", tmp_path / "missing", "--out", tmp_path / "r.html"), 1)


def test_without_matplotlib_one_line_says_how_to_get_it(call, save, tmp_path, monkeypatch):
    for module in [m for m in sys.modules if m.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    out = tmp_path / "report.html"
    assert "charloom[plot]" in refused(call("report", save(), "--out", out), 1)
    assert not out.exists()


def test_figures_take_the_pages_colours_and_have_ids_of_their_own():
    from charloom.plots import lengths_figure, losses_figure

    drawn = inline(losses_figure(HISTORY), "loss", "Losses <&>")
    assert 'aria-label="Losses &lt;&amp;&gt;"' in drawn
    assert "style=" not in drawn and "#0072b2" not in drawn.lower()
    assert "s-blue" in drawn and "s-orange" in drawn
    ids = re.findall(r' id="([^"]+)"', drawn)
    assert ids and all(name.startswith("loss-") for name in ids)
    references = set(re.findall(r'href="#([^"]+)"', drawn)) | set(
        re.findall(r"url\(#([^)]+)", drawn)
    )
    assert references <= set(ids)
    assert "<text" in drawn and ">epoch</text>" in drawn
    other = inline(lengths_figure({3: 4, 5: 1}), "lengths", "Lengths")
    assert not set(re.findall(r' id="([^"]+)"', other)) & set(ids)
