"""The page is one file that asks nobody for anything, and says what it holds."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib

import numpy as np
import pytest

from charloom.export.html import write_html
from charloom.export.html.measure import MOST_CHANGE, change, losses
from charloom.export.html.packing import pack_names, quantised
from charloom.export.html.page import ENGINE, PAGE, bundle, look_ahead, packed
from charloom.run import Run

from .conftest import FROZEN, NAMES
from .test_step import SIZES


@pytest.fixture
def page(tmp_path):
    def written(run=FROZEN / "mixture" / "run", **options):
        write_html(
            Run.open(run) if not isinstance(run, Run) else run, tmp_path / "p.html", **options
        )
        return (tmp_path / "p.html").read_text("utf-8")

    return written


def element(page, tag, id_=None):
    attribute = f' id="{id_}"' if id_ else ""
    return re.search(rf"<{tag}[^>]*{attribute}>(.*?)</{tag}>", page, re.S)[1]


def sha(text):
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_the_policy_allows_this_script_and_this_style_alone(page):
    found = page()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', found)[1]
    script = re.search(r'<script type="module">(.*?)</script>', found, re.S)[1]
    assert "default-src 'none'" in policy
    assert f"script-src 'sha256-{sha(script)}'" in policy
    assert f"style-src 'sha256-{sha(element(found, 'style'))}'" in policy
    assert "unsafe" not in policy


def test_nothing_leads_outside(page):
    assert not re.findall(r"https?://|//[a-z]+\.[a-z]|@import|url\(", page())


def test_code_does_not_end_its_own_element():
    assert "</script" not in bundle((*ENGINE, *PAGE))
    assert "<!--" not in bundle((*ENGINE, *PAGE))


def test_code_builds_no_html_from_strings():
    code = bundle((*ENGINE, *PAGE))
    for name in ("innerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
        assert name not in code


def test_names_are_inside_or_left_out(page):
    run = Run.open(FROZEN / "mixture" / "run")
    secret = run.train_names[0]
    for names in (True, False):
        found = page(names=names)
        header = json.loads(element(found, "script", "header"))
        stored = zlib.decompress(base64.b64decode(element(found, "script", "names")))
        assert header["names"] is names
        assert bool(stored) is names
        assert secret not in found


def test_held_out_names_alone_are_no_training_list(run_of):
    run = run_of("names")
    object.__setattr__(run.saved, "train_names", None)
    object.__setattr__(run.saved, "held_out_names", tuple(NAMES))
    header, _, known = packed(run, names=True, weights="float32")
    assert header["names"] is False and not zlib.decompress(known)


def test_without_names_a_note_says_so(tmp_path):
    run = Run.open(FROZEN / "mixture" / "run")
    assert write_html(run, tmp_path / "p.html") == ()
    (note,) = write_html(run, tmp_path / "p.html", names=False)
    assert "cannot tell which names are new" in note


def test_a_title_is_text_not_html(page, run_of):
    run = run_of("names")
    object.__setattr__(run, "path", run.path.parent / "<b>x")
    found = page(run)
    assert "<b>x<" not in found
    assert "<title>&lt;b&gt;x</title>" in found
    assert json.loads(element(found, "script", "header"))["title"] == "<b>x"


@pytest.mark.parametrize("kind", ["mixture", "text"])
def test_int8_is_stored_only_if_the_loss_hardly_moves(page, kind, monkeypatch):
    run = FROZEN / kind / "run"

    def types():
        header = json.loads(element(page(run), "script", "header"))
        return {field["type"] for field in header["arrays"] if field["name"].startswith("rnn.")}

    moved = change(Run.open(run), "int8")
    assert ("i1" in types()) is (abs(moved) < MOST_CHANGE)
    monkeypatch.setattr("charloom.export.html.page.change", lambda *_: 0.01)
    assert types() == {"f2"}
    monkeypatch.setattr("charloom.export.html.page.change", lambda *_: None)
    assert types() == {"f2"}


def test_the_loss_is_that_of_the_model_as_it_was_measured():
    run = Run.open(FROZEN / "mixture" / "run")
    exact, half, bytes_ = losses(run, ("float32", "float16", "int8"))
    assert abs(exact - run.facts.best["held_out_nats_per_char"]) < 1e-3
    assert exact != half != bytes_


def test_int8_rounds_each_column_by_its_own_scale(models):
    found = models("kneser-ney", kind="network", cell="gru", smoothing="kneser-ney", **SIZES)
    kernel = found.weights["rnn.1.kernel"]
    rounded = quantised(found.config, found.weights, "int8")
    error = np.abs(rounded["rnn.1.kernel"] - kernel)
    assert (error <= np.abs(kernel).max(axis=0) / 127 / 2 * 1.001).all()
    assert (rounded["rnn.1.bias"] == found.weights["rnn.1.bias"]).all()


ODD = [
    "Ann",
    "Anna",
    "Annabel",
    "Ünal",
    "Ün",
    "日本",
    "日本橋",
    "🦕",
    "🦕🦖",
    "🦕🦖x",
    "שלום",
    "x" * 200,
]


def test_names_are_unpacked_as_they_were(engine, models, run_of):
    for names in (ODD, NAMES, []):
        data = pack_names(names)
        assert data.count(b"\n") == max(len(names) - 1, 0)
    run = run_of("names")
    object.__setattr__(run.saved, "train_names", tuple(ODD))
    object.__setattr__(run.saved, "held_out_names", ())
    (known,) = engine(run, {"kind": "known"})
    assert sorted(known) == sorted(ODD)


def test_without_names_no_stored_draw_is_one_of_them(run_of):
    run = run_of("names")
    names = {*run.training_set, *run.held_out_names}

    def strings(known):
        ids = look_ahead(run, known=known)["page.trials"]
        parts = np.split(ids, np.flatnonzero(ids == 0) + 1)
        return {run.vocabulary.decode(part) for part in parts}

    assert strings(True) & names
    assert not strings(False) & names
