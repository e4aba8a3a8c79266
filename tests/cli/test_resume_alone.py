"""``charloom train --resume --out RUN`` alone: the run remembers its source and options."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import pytest

from charloom import NameCorpus, TextCorpus, load, train
from charloom.errors import RunError
from charloom.run import CHECKPOINTS, load_model
from charloom.run.begun import BEGUN, find_begun, save_begun
from charloom.storage.lock import LOCK

FROZEN = Path(__file__).parents[1] / "frozen"
SMALL = ["--units", "8", "--embedding", "4", "--batch-size", "16", "--base", "none"]
ROWS = "".join(f"{i},{a}{b}rl,{'xy'[i % 2]}\n" for i, (a, b) in enumerate(["Ba", "De", "Gi"] * 5))


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "far" / "table.csv"
    path.parent.mkdir()
    path.write_text("id,town,country\n" + ROWS)
    return path


@pytest.fixture
def run(call, table, tmp_path):
    """An n-gram of a column of the table."""
    folder = tmp_path / "run"
    code, _, err = call("train", table, "--column", "town", "--model", "ngram", "--out", folder)
    assert code == 0, err
    return folder


def resume(call, run, *more):
    code, _, err = call("train", "--resume", "--out", run, *more)
    assert "another corpus" not in err and "Traceback" not in err
    return code, err


def refused(call, run, *more):
    code, err = resume(call, run, *more)
    (line,) = err.splitlines()
    assert code == 1 and "Give SOURCE" in line
    return line


def test_the_source_is_read_again_with_its_options_and_named(call, run, table):
    code, err = resume(call, run)
    assert code == 0 and "fitted already" in err
    notices = [line for line in err.splitlines() if line.startswith("Reading the source")]
    assert notices == [f"Reading the source of {run} again: {table}"]


def write_other_contents(table):
    table.write_text(table.read_text().replace("Ba", "Bo"))


def replace_by_pipe(table):
    table.unlink()
    os.mkfifo(table)


CHANGES = {
    "has other contents now": write_other_contents,
    "bytes now, and had": lambda table: table.write_text("short"),
    "does not exist any more": Path.unlink,
    "is no regular file any more": replace_by_pipe,
}


@pytest.mark.parametrize("said", CHANGES)
def test_a_source_that_has_changed_is_not_read_and_a_line_says_why(call, run, table, said):
    if said.startswith("is no") and not hasattr(os, "mkfifo"):
        pytest.skip("needs pipes")
    CHANGES[said](table)
    line = refused(call, run)
    assert f"{table} " in line and said in line


def test_a_source_that_moved_is_given_and_read_with_the_options_from_before(call, run, table):
    moved = table.rename(table.with_name("moved.txt"))
    assert "does not exist" in refused(call, run)
    assert resume(call, run, moved)[0] == 0
    code, _, err = call("train", moved, "--resume", "--out", run, "--column", "country")
    assert code == 1 and "another corpus" in err  # given options count


def test_a_link_to_the_source_is_resolved(call, table, tmp_path):
    link, run = tmp_path / "link.csv", tmp_path / "run"
    try:
        link.symlink_to(table)
    except OSError:
        pytest.skip("needs links")
    call("train", link, "--column", "town", "--model", "ngram", "--out", run)
    link.unlink()
    assert str(table) in resume(call, run)[1]


def test_standard_input_must_be_given_again(call, tmp_path, monkeypatch):
    def pipe():
        stream = io.TextIOWrapper(io.BytesIO(b"Ann\nAnna\nHanna\n"))
        monkeypatch.setattr("sys.stdin", stream)

    pipe()
    call("train", "-", "--model", "ngram", "--out", tmp_path / "run")
    assert "standard input" in refused(call, tmp_path / "run")
    pipe()
    assert resume(call, tmp_path / "run", "-")[0] == 0


def test_the_builtin_list_is_remembered_as_such(call, tmp_path):
    call("train", "--model", "ngram", "--out", tmp_path / "run")
    code, err = resume(call, tmp_path / "run")
    assert code == 0 and "again: the built-in dinosaurs" in err


def test_a_run_that_remembers_nothing_asks_for_its_source(call, tmp_path):
    for kind in ("network", "ngram", "text"):
        folder = shutil.copytree(FROZEN / kind / "run", tmp_path / kind)
        assert "does not remember its source" in refused(call, folder)
    train(["Ann", "Anna", "Hanna"], kind="ngram", out=tmp_path / "list")
    assert "does not remember its source" in refused(call, tmp_path / "list")


@pytest.mark.parametrize("left", [None, "empty", "locked"])
def test_a_run_without_a_training_is_not_begun_with_another_list(call, tmp_path, names_file, left):
    run = tmp_path / "run"
    if left is not None:
        run.mkdir()
    if left == "locked":  # killed before the training was noted
        (run / LOCK).touch()
    before = sorted(tmp_path.rglob("*"))
    code, err = resume(call, run, "--model", "ngram")
    (line,) = err.splitlines()
    assert code == 1 and f"{run} holds no training to resume. Check its name, give SOURCE" in line
    assert sorted(tmp_path.rglob("*")) == before
    assert resume(call, run, names_file, "--model", "ngram")[0] == 0  # as a loop of restarts needs


@pytest.mark.parametrize(
    "options",
    [
        ["--model", "ngram"],
        pytest.param(["--model", "network", *SMALL, "--epochs", "1"], marks=pytest.mark.heavy),
    ],
)
def test_the_source_is_noted_before_the_model_is_made(call, table, tmp_path, monkeypatch, options):
    def killed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("charloom.training.trainer.make_engine", killed)
    monkeypatch.setattr("charloom.training.name_data.NameData.ngrams", property(killed))
    run = tmp_path / "run"
    call("train", table, "--column", "town", *options, "--out", run)
    monkeypatch.undo()
    assert find_begun(run).origin.paths == (str(table),)
    code, err = resume(call, run)
    assert code == 0 and f"Reading the source of {run} again: {table}" in err


# Trainings with a state


@pytest.mark.heavy
@pytest.mark.slow
def test_a_network_is_resumed_with_every_option_of_the_first_call(call, table, tmp_path):
    first = ["train", table, "--column", "town", "--label-column", "country", *SMALL]
    first += ["--model", "network", "--label-dropout", "0.3", "--seed", "5"]
    first += ["--learning-rate", "0.05"]
    run = tmp_path / "run"
    assert call(*first, "--out", run, "--epochs", "9")[0] == 0
    code, err = resume(call, run, "--epochs", "10")
    assert code == 0, err
    saved = load_model(run)
    assert saved.labels == ("x", "y") and saved.config.units == 8
    assert saved.facts["training"]["label_dropout"] == 0.3
    assert saved.facts["training"]["seed"] == 5


@pytest.mark.heavy
def test_a_fine_tuned_text_is_resumed_without_the_options_of_the_first_call(call, tmp_path):
    other, run, text = tmp_path / "other", tmp_path / "run", tmp_path / "text.txt"
    text.write_bytes(("to bé or not to be, that is the question\n" * 30).encode("latin-1"))
    common = [*SMALL[:-2], "--as", "text", "--model", "network", "--window", "8"]
    old = tmp_path / "old.txt"
    old.write_text("ZÜRICH, zwölf Boxkämpfer jagen Viktor quer über den Sylter Deich\n" * 20)
    assert call("train", old, *common, "--epochs", "1", "--out", other)[0] == 0
    more = ["--encoding", "latin-1", "--min-count", "31", "--from", other, "--epochs", "1"]
    more += ["--as", "text", "--window", "8"]
    assert call("train", text, *more, "--out", run)[0] == 0
    code, err = resume(call, run, "--epochs", "2")
    assert code == 0, err
    assert load(run).vocabulary.has_unknown and "Z" in load(run).vocabulary.characters


@pytest.mark.slow
def test_a_training_is_resumed_from_python_without_its_corpus(names_file, tmp_path):
    small = {"kind": "network", "units": 8, "embedding": 4, "batch_size": 16, "base": "none"}
    train(str(names_file), out=tmp_path / "run", epochs=1, **small)
    with pytest.warns(UserWarning, match="Reading the source of .* again: .*names.txt"):
        again = train(out=tmp_path / "run", resume=True, epochs=2)
    assert [entry["epoch"] for entry in again.history] == [1, 2]


@pytest.mark.heavy
def test_the_unpacked_loop_is_remembered(call, names_file, tmp_path):
    options = [*SMALL, "--model", "network", "--loop", "custom", "--epochs", "1"]
    call("train", names_file, *options, "--out", tmp_path / "run")
    assert find_begun(tmp_path / "run").loop == "custom"
    resume(call, tmp_path / "run", "--epochs", "2")
    assert find_begun(tmp_path / "run").loop == "custom"


def test_the_corpus_may_only_be_left_out_where_a_run_remembers_it(tmp_path):
    with pytest.raises(TypeError, match=r"corpus must be .* Received: None"):
        train()
    with pytest.raises(RunError, match="holds no training to resume"):
        train(out=tmp_path / "none", resume=True)
    train(["Ann", "Anna", "Hanna"], kind="ngram", out=tmp_path / "list")
    with pytest.raises(RunError, match="does not remember its source"):
        train(out=tmp_path / "list", resume=True)


# What a run tells, and what it believes


def test_the_path_is_in_local_state_only(call, run, table, tmp_path):
    far = str(table.parent)
    assert far in (run / CHECKPOINTS / BEGUN).read_text()
    load(run).save(tmp_path / "exported")
    told = [path.read_bytes() for path in run.iterdir() if path.is_file()]
    told += [path.read_bytes() for path in (tmp_path / "exported").iterdir()]
    for command in (["info", run], ["info", run, "--json"], ["card", run, "--samples", "20"]):
        code, out, err = call(*command)
        assert code == 0, err
        told += [out.encode(), err.encode()]
    assert not any(far.encode() in one for one in told)
    assert not (tmp_path / "exported" / CHECKPOINTS).exists()
    assert load_model(run).facts["corpus"]["sources"] == ["table.csv"]


def test_warnings_in_the_facts_name_files_without_their_folders(tmp_path):
    (tmp_path / "names.txt").write_text('["Ann", "Anna", "Hanna"]')
    corpus = NameCorpus.read(tmp_path / "names.txt")
    assert any(str(tmp_path) in warning for warning in corpus.report.warnings)
    facts = train(corpus, kind="ngram").saved.facts["corpus"]
    assert str(tmp_path) not in json.dumps(facts) and "names.txt" in facts["warnings"][0]


def plant(run, **changes):
    """Change the first file that a run remembers."""
    data = json.loads((run / CHECKPOINTS / BEGUN).read_text())
    data["source"]["files"][0] |= changes
    (run / CHECKPOINTS / BEGUN).write_text(json.dumps(data))


def test_a_planted_path_is_not_read_unless_its_digest_is_known(call, run, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("Geheim\n")
    plant(run, path=str(secret), bytes=7)
    line = refused(call, run)
    assert "has other contents now" in line and "Geheim" not in line
    plant(run, path=str(secret), bytes=8)
    assert "has 7 bytes now, and had 8" in refused(call, run)
    plant(run, path="\\\\server\\share\\names.txt" if os.name == "nt" else "//server/names.txt")
    assert "on another machine" in refused(call, run)


@pytest.mark.parametrize(
    "changes", [{"path": "table.csv"}, {"path": 5}, {"bytes": -1}, {"sha256": "0"}, {"sha256": 1}]
)
def test_what_is_malformed_is_not_remembered(call, run, changes):
    plant(run, **changes)
    assert find_begun(run).origin is None
    assert "does not remember its source" in refused(call, run)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 10**5, b'{"format": 1}'])
def test_a_damaged_file_is_as_good_as_none(call, run, content):
    (run / CHECKPOINTS / BEGUN).write_bytes(content)
    assert "does not remember its source" in refused(call, run)


def test_a_link_in_place_of_the_file_is_not_followed_when_it_is_written(run, tmp_path):
    place, other = run / CHECKPOINTS / BEGUN, tmp_path / "other"
    begun = find_begun(run)
    place.unlink()
    try:
        place.symlink_to(other)
    except OSError:
        pytest.skip("needs links")
    save_begun(run, begun)
    assert not other.exists() and find_begun(run) == begun


def test_a_corpus_knows_the_files_it_was_read_from(table):
    corpus = NameCorpus.read(table, column=2, skip_bad_rows=True)
    assert corpus.origin is not None and corpus.origin.paths == (str(table.resolve()),)
    again = NameCorpus.read(*corpus.origin.paths, **corpus.origin.options)
    assert again == corpus
    assert NameCorpus.of(corpus.names).origin is None
    text = TextCorpus.read(table, min_count=2)
    assert text.origin is not None and text.origin.text
    assert TextCorpus.read(*text.origin.paths, **text.origin.options).digest == text.digest
