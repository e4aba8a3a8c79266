"""The library: what runs are, their names, the bin, and archives."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from charloom.errors import RunError
from charloom.run import Run
from charloom.serve.studio.place import Place
from charloom.storage.lock import held

FROZEN = Path(__file__).parents[2] / "frozen"

HOSTILE = [
    *("", ".", "..", "../x", "a/b", "a\\b", "/x", ".charloom", ".x", "CON", "nul.txt"),
    *("x.", "x ", " x", "x\n", "x\0", "C:x", "a*b", "n" * 300, "\u202ex", "-x"),
]


@pytest.fixture
def filled(studio: Any) -> Any:
    """A studio with two runs and what is none."""
    shutil.copytree(FROZEN / "mixture" / "run", studio.folder / "towns")
    shutil.copytree(FROZEN / "text" / "run", studio.folder / "prose")
    (studio.folder / "notes").mkdir()
    return studio


def _ids(studio: Any) -> list[str]:
    return sorted(one["id"] for one in studio.client.get("/studio/runs").json())


def test_the_library_says_what_each_run_is(filled: Any) -> None:
    found = {one["id"]: one for one in filled.client.get("/studio/runs").json()}
    assert sorted(found) == ["prose", "towns"]
    towns = found["towns"]
    assert towns["form"] == "names" and towns["kind"] == "mixture"
    assert towns["model"].startswith("a recurrent network with 6 LSTM units, mixed with")
    assert towns["trained_on"] == {"count": 40, "counted": "names", "sources": ["names.txt"]}
    assert towns["held_out_nats_per_char"] == pytest.approx(2.2562717)
    size = sum(path.stat().st_size for path in (filled.folder / "towns").iterdir())
    assert towns["bytes"] == size
    assert towns["parameters"] == Run.open(filled.folder / "towns").parameters
    assert towns["names"] and towns["problem"] is None and towns["training"] is None
    assert found["prose"]["trained_on"]["counted"] == "characters"


def test_a_run_is_read_once_until_it_changes(filled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = filled.client.get("/studio/runs").json()
    monkeypatch.setattr(Run, "open", lambda path: pytest.fail("read again"))
    assert filled.client.get("/studio/runs").json() == before
    monkeypatch.undo()
    model = filled.folder / "towns" / "model.safetensors"
    model.write_bytes(model.read_bytes()[:-1])
    found = {one["id"]: one["problem"] for one in filled.client.get("/studio/runs").json()}
    assert "sha256" in found["towns"] and str(filled.folder) not in found["towns"]
    assert found["prose"] is None
    said = filled.client.get("/v1/runs/towns").json()["error"]["message"]
    assert "sha256" in said and str(filled.folder) not in said


def test_a_file_is_no_folder_of_runs(tmp_path: Path) -> None:
    (tmp_path / "names.txt").touch()
    with pytest.raises(
        RunError, match=r"names\.txt is a file\. Name the folder that holds the runs"
    ):
        Place(tmp_path / "names.txt")


def test_a_link_is_no_run_and_a_run_with_a_link_is_not_read(filled: Any, tmp_path: Path) -> None:
    shutil.copytree(FROZEN / "ngram" / "run", tmp_path / "outside")
    (filled.folder / "linked").symlink_to(tmp_path / "outside")
    names = filled.folder / "towns" / "train_names.txt"
    names.rename(tmp_path / "names.txt")
    names.symlink_to(tmp_path / "names.txt")
    found = {one["id"]: one["problem"] for one in filled.client.get("/studio/runs").json()}
    assert sorted(found) == ["prose", "towns"]
    assert "holds a link, train_names.txt" in found["towns"]
    assert filled.client.get("/studio/runs/towns/archive").status_code == 422
    assert filled.client.get("/studio/runs/linked/archive").status_code == 404
    assert filled.client.post("/v1/names", json={"run": "towns", "n": 1}).status_code == 422


def test_a_run_is_renamed_with_its_training(filled: Any) -> None:
    kept = filled.folder / ".charloom" / "trainings" / "towns"
    kept.mkdir(parents=True)
    (kept / "log.txt").touch()
    answer = filled.client.patch("/studio/runs/towns", json={"name": "Städte 村"})
    assert answer.status_code == 200 and answer.json()["id"] == "Städte 村"
    assert _ids(filled) == ["Städte 村", "prose"]
    assert (kept.with_name("Städte 村") / "log.txt").exists() and not kept.exists()
    assert filled.client.post("/v1/names", json={"run": "towns", "n": 1}).status_code == 404
    again = filled.client.patch("/studio/runs/Städte 村", json={"name": "städte 村"})
    assert again.json()["id"] == "städte 村"  # its own name in another case is not taken


@pytest.mark.parametrize("name", HOSTILE)
def test_no_run_gets_a_name_that_leads_elsewhere(filled: Any, name: str) -> None:
    (filled.folder / ".charloom" / "trainings").mkdir()
    before = sorted(filled.folder.parent.rglob("*"))
    answer = filled.client.patch("/studio/runs/towns", json={"name": name})
    assert answer.status_code == 422 and "\n" not in answer.json()["error"]["message"]
    assert sorted(filled.folder.parent.rglob("*")) == before


@pytest.mark.parametrize("name", ["prose", "PROSE", "notes"])
def test_no_run_gets_the_name_of_another(filled: Any, name: str) -> None:
    assert filled.client.patch("/studio/runs/towns", json={"name": name}).status_code == 422


@pytest.mark.parametrize("name", ["..", "%2e%2e", ".charloom", "notes", "nothing", "..%2Fx", "."])
def test_what_is_no_run_is_not_deleted(filled: Any, name: str) -> None:
    (filled.folder.parent / "x").mkdir(exist_ok=True)
    (filled.folder / ".charloom" / "trainings").mkdir()
    before = sorted(filled.folder.parent.rglob("*"))
    assert filled.client.delete(f"/studio/runs/{name}").status_code in (404, 405)
    assert sorted(filled.folder.parent.rglob("*")) == before


def test_a_run_that_is_being_trained_stays_as_it_is(filled: Any) -> None:
    with held(filled.folder / "towns"):
        answers = [
            filled.client.delete("/studio/runs/towns"),
            filled.client.patch("/studio/runs/towns", json={"name": "x"}),
            filled.client.get("/studio/runs/towns/archive"),
        ]
    assert [answer.status_code for answer in answers] == [409] * 3
    assert "is being trained" in answers[0].json()["error"]["message"]


def test_a_deleted_run_comes_back_from_the_bin(filled: Any) -> None:
    number = filled.client.delete("/studio/runs/towns").json()["bin"]
    assert _ids(filled) == ["prose"]
    (entry,) = filled.client.get("/studio/bin").json()
    assert entry["bin"] == number and entry["name"] == "towns" and entry["bytes"] > 1000
    shutil.copytree(FROZEN / "ngram" / "run", filled.folder / "Towns")
    back = filled.client.post(f"/studio/bin/{number}/restore")
    assert back.status_code == 200 and back.json()["id"] == "towns-2"
    assert back.json()["kind"] == "mixture" and filled.client.get("/studio/bin").json() == []
    assert filled.client.post(f"/studio/bin/{number}/restore").status_code == 404


def test_a_run_is_deleted_for_good(filled: Any) -> None:
    number = filled.client.delete("/studio/runs/towns").json()["bin"]
    assert filled.client.delete("/studio/bin/%2e%2e").status_code in (404, 405)
    assert filled.client.delete(f"/studio/bin/{number}").status_code == 204
    assert filled.client.get("/studio/bin").json() == []
    assert not list((filled.folder / ".charloom" / "bin").iterdir())
    assert filled.client.delete(f"/studio/bin/{number}").status_code == 404


@pytest.mark.parametrize("name", ["../../x", "..", ".charloom", "/x", "a/b", 3, None])
def test_an_entry_of_the_bin_leads_nowhere_else(filled: Any, name: Any) -> None:
    number = filled.client.delete("/studio/runs/towns").json()["bin"]
    about = filled.folder / ".charloom" / "bin" / number / "about.json"
    about.write_text(json.dumps({"name": name, "deleted": 1.0}))
    assert filled.client.post(f"/studio/bin/{number}/restore").json()["id"] == "run"
    assert (filled.folder / "run" / "model.json").exists()


def test_a_bin_that_is_a_link_is_not_used(filled: Any, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (filled.folder / ".charloom" / "bin").symlink_to(tmp_path / "elsewhere")
    assert filled.client.delete("/studio/runs/towns").status_code == 422
    assert not list((tmp_path / "elsewhere").iterdir())


def _unpacked(studio: Any, name: str, place: Path, names: bool) -> dict[str, bytes]:
    answer = studio.client.get(f"/studio/runs/{name}/archive", params={"names": names})
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        archive.extractall(place)
        return {name: archive.read(name) for name in archive.namelist()}


def _spread(folder: Path) -> None:
    """Write to a run what a training, a card and a report leave there."""
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints" / "begun.json").write_text(json.dumps({"path": "/somewhere/names"}))
    (folder / "training.lock").write_text("1")
    for name in ("README.md", "report.html", "history.jsonl"):
        (folder / name).write_text((folder / "train_names.txt").read_text())
    shutil.copytree(FROZEN / "ngram" / "run", folder / "epochs" / "001")
    (folder / "passwords").symlink_to("/etc/passwd")


def test_the_archive_is_the_run_without_what_tells_of_this_machine(
    filled: Any, tmp_path: Path
) -> None:
    _spread(filled.folder / "towns")
    files = _unpacked(filled, "towns", tmp_path / "there", names=True)
    there = {name.removeprefix("towns/") for name in files}
    assert {"model.json", "train_names.txt", "README.md", "epochs/001/model.json"} <= there
    assert not {"checkpoints/begun.json", "training.lock", "passwords"} & there
    assert not any(b"/somewhere" in data or b"root:" in data for data in files.values())
    here, moved = Run.open(filled.folder / "towns"), Run.open(tmp_path / "there" / "towns")
    assert moved.digest == here.digest and moved.training_set == here.training_set


@pytest.mark.parametrize("run", ["mixture", "labels", "network", "ngram", "text", "text_mixture"])
def test_the_archive_without_names_generates_the_same_and_quotes_none(
    studio: Any, tmp_path: Path, run: str
) -> None:
    from charloom import load
    from charloom.storage import MODEL_INDEX

    shutil.copytree(FROZEN / run / "run", studio.folder / run)
    if run == "mixture":
        _spread(studio.folder / run)
    before = Run.open(studio.folder / run)
    files = _unpacked(studio, run, tmp_path / "there", names=False)
    after = Run.open(tmp_path / "there" / run)
    assert after.digest == before.digest
    assert after.training_set is None and not after.held_out_names and not after.held_out_text
    assert after.facts.history == before.facts.history and not after.facts.corpus.get("sources")
    assert {Path(name).name for name in files} == {MODEL_INDEX, "model.safetensors"}
    everything = b"\n".join(files.values())
    list_ = [*(before.training_set or ()), *before.held_out_names]
    for name in [n for n in list_ if len(n) > 3] or [before.held_out_text[:20]]:
        assert name.encode() not in everything
    old, new = load(before), load(after)
    if before.is_text:
        assert new.text(40, seed=5) == old.text(40, seed=5)  # type: ignore[union-attr]
    else:
        drawn = [model.generate(5, seed=5, allow_known=True) for model in (old, new)]  # type: ignore[union-attr]
        assert [one.text for one in drawn[1]] == [one.text for one in drawn[0]]
        assert {one.origin for one in drawn[1]} == {"unknown"}
