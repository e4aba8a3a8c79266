"""What is measured for the page: the numbers of ``charloom report`` and ``charloom compare``."""

from __future__ import annotations

import json
import shutil
from html import unescape
from pathlib import Path

import pytest

from charloom.errors import ConfigError, CorpusError, RunError
from charloom.reporting import gathered
from charloom.reporting.format import number
from charloom.serve.studio import measuring, reports
from charloom.serve.studio.place import Place
from charloom.serve.studio.reports import finite
from helpers.run_folders import save_toy
from helpers.text_runs import save_text_run

FROZEN = Path(__file__).parents[2] / "frozen"
FEW = 60


def silent(what, share):
    """Tell nobody how far it is."""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setitem(gathered.SAMPLES, "names", FEW)
    monkeypatch.setattr(measuring, "SAMPLES", FEW)
    return Place(tmp_path / "place")


def frozen(place, kind):
    shutil.copytree(FROZEN / kind / "run", place.folder / kind)
    return place.folder / kind


@pytest.mark.heavy
def test_the_numbers_and_words_are_those_of_the_report(place, call, tmp_path):
    pytest.importorskip("matplotlib")
    run = frozen(place, "network")
    told = []
    found = measuring.report(place, "network", lambda what, share: told.append((what, share)))
    out = tmp_path / "report.html"
    assert call("report", run, "--out", out, "--samples", FEW)[0] == 0
    page = unescape(out.read_text("utf-8"))
    assert found["measures"] and found["tiles"] and found["figures"]["loss"]
    for one in found["measures"]:
        assert f"{one['title']}<small>{one['explanation']}</small>" in page
        assert f"<b>{number(one['value'], one['unit'])}</b>" in page
    shown = ("loss", "wall", "next_letter", "heat", "lengths", "letters", "pairs", "measures")
    for name in (*shown, "embedding", "calibration", "memorisation", "reproducibility"):
        assert found["leads"][name] in page, name
    assert found["lede"] in page and found["verdict"] in page
    assert all(f"<bdi>{name}</bdi>" in page for name in found["new_names"])
    shares = [share for _, share in told]
    assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] <= 1
    assert json.loads(json.dumps(finite(found), allow_nan=False))["run"] == "network"
    assert str(place.folder) not in json.dumps(found)


def test_an_ngram_has_no_network_to_look_into(place):
    frozen(place, "ngram")
    found = measuring.report(place, "ngram", silent)
    assert found["units"] == [] and "embedding" not in found["figures"]
    assert found["saved_epoch"] is None and found["measures"]


def test_a_labelled_run_shows_names_of_each_label(place):
    frozen(place, "labels")
    found = measuring.report(place, "labels", silent)
    assert [row["label"] for row in found["by_label"]]
    assert all(row["names"] for row in found["by_label"])


def test_a_run_without_held_out_names_says_what_is_left_out(place):
    save_toy(place.folder / "all", held_out_names=None)
    found = measuring.report(place, "all", silent)
    assert "no held-out ones" in found["left_out"]["memorisation"]
    assert found["memorisation"] is None and found["verdict"] is None
    assert found["figures"]["letters"]["labels"]


def test_a_run_of_text_is_searched_for_copies_only_inside_the_folder(place):
    save_text_run(place.folder / "text")
    found = measuring.report(place, "text", silent)
    assert found["form"] == "text" and found["passage"]
    assert "not in the studio's folder" in found["left_out"]["memorisation"]
    assert [type(row["text"]) for row in found["by_temperature"]] == [str] * 6


def test_a_comparison_is_that_of_the_command(place, call):
    first, second = frozen(place, "network"), frozen(place, "mixture")
    found = measuring.compare(place, "network", "mixture", silent)
    code, out, err = call("compare", first, second, "--samples", FEW, "--json")
    assert code == 0
    theirs = json.loads(out)
    for model in theirs["models"]:
        model["run"] = model["name"]
    assert json.loads(json.dumps(found)) == theirs | {"warnings": found["warnings"]}
    assert err == "".join(f"warning: {line}\n" for line in found["warnings"])


def test_two_runs_of_text_are_compared(place):
    for name, odds in (("a", 1.0), ("b", 5.0)):
        save_text_run(place.folder / name, {"": 2.0, "\n": 1.0, "a": 4.0, "b": odds, "c": 1.0})
    found = measuring.compare(place, "a", "b", silent)
    assert found["of"] == "blocks of text" and found["verdict"]


def test_what_cannot_be_compared_is_said(place):
    save_toy(place.folder / "names")
    save_toy(place.folder / "other", held_out_names=("aßaßa",))
    save_text_run(place.folder / "text")
    with pytest.raises(ConfigError, match="Choose two of one kind"):
        measuring.compare(place, "names", "text", silent)
    with pytest.raises(CorpusError, match=r"no held-out name in common\. Runs of one list"):
        measuring.compare(place, "names", "other", silent)


def events_of(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_process_tells_and_keeps(place, capsys, monkeypatch):
    monkeypatch.setattr(measuring, "POLITE", 0)
    save_toy(place.folder / "run")
    key = reports.key_of(place, "report", ["run"])
    measuring.main("report", str(place.folder), key, "run")
    *progress, last = events_of(capsys)
    assert {one["event"] for one in progress} == {"progress"} and last == {"event": "end"}
    kept = reports.kept(place, key)
    assert kept is not None and json.loads(kept)["run"] == "run"


def test_the_process_says_what_went_wrong(place, capsys, monkeypatch):
    monkeypatch.setattr(measuring, "POLITE", 0)
    run = save_toy(place.folder / "run")
    key = reports.key_of(place, "report", ["run"])
    (run / "model.safetensors").write_bytes(b"")
    measuring.main("report", str(place.folder), key, "run")
    last = events_of(capsys)[-1]
    assert last["event"] == "error" and last["message"].startswith(
        str(Path("run") / "model.safetensors")
    )
    assert reports.kept(place, key) is None


def test_a_run_that_is_deleted_meanwhile_is_missed_by_its_name(place, capsys, monkeypatch):
    monkeypatch.setattr(measuring, "POLITE", 0)
    save_toy(place.folder / "run")
    key = reports.key_of(place, "report", ["run"])

    def measured(*_):
        shutil.rmtree(place.folder / "run")
        raise RunError("it has no training names.")

    monkeypatch.setattr(measuring, "report", measured)
    measuring.main("report", str(place.folder), key, "run")
    assert events_of(capsys)[-1]["message"].startswith("there is no run called 'run'")


def test_a_run_that_changes_meanwhile_is_not_kept(place, capsys, monkeypatch):
    monkeypatch.setattr(measuring, "POLITE", 0)
    save_toy(place.folder / "run")
    key = reports.key_of(place, "report", ["run"])

    def measured(*_):
        save_toy(place.folder / "run", seed=1)
        return {}

    monkeypatch.setattr(measuring, "report", measured)
    measuring.main("report", str(place.folder), key, "run")
    assert "saved while it was measured" in events_of(capsys)[-1]["message"]
    assert not list(place.part("reports").iterdir())


def test_a_text_elsewhere_is_never_opened(place, tmp_path, monkeypatch):
    from charloom.serve.studio import terminal

    def outside(place, folder):
        raise RunError("it lies outside.")

    monkeypatch.setattr(terminal, "check_inside", outside)
    opened = []
    monkeypatch.setattr(
        "charloom.evaluation.memorisation.text.training_text", lambda *a, **k: opened.append(a)
    )
    save_text_run(place.folder / "text")
    assert "memorisation" in measuring.report(place, "text", silent)["left_out"]
    assert not opened
