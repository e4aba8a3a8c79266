"""``charloom export``: where it may write, and what it says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from charloom import Run
from charloom.cli.export import KINDS
from charloom.export import KINDS as KNOWN

pytest.importorskip("onnx")

RUN = Path(__file__).parents[1] / "frozen" / "ngram" / "run"


@pytest.fixture
def refused(call):
    def refused(code, *arguments, run=RUN, kind="onnx"):
        found, out, err = call("export", run, "--to", kind, *arguments)
        assert (found, out) == (code, "")
        assert len(err.splitlines()) == 1
        return err

    return refused


def test_the_command_has_the_kinds_of_the_package():
    assert tuple(KNOWN) == KINDS


def test_it_says_where_and_how_much_it_wrote(call, tmp_path):
    file = tmp_path / "a.onnx"
    code, out, err = call("export", RUN, "--to", "onnx", "--out", file)
    assert (code, out) == (0, "")
    assert err == f"Written to {file} ({file.stat().st_size / 1000:,.0f} kB)\n"


def test_a_file_is_overwritten_only_if_asked(call, refused, tmp_path):
    file = tmp_path / "a.onnx"
    file.write_text("mine")
    assert "exists. Pass another file, or --force" in refused(1, "--out", file)
    assert file.read_text() == "mine"
    assert call("export", RUN, "--to", "onnx", "--out", file, "--force")[0] == 0
    assert file.read_bytes() != b"mine"


@pytest.mark.parametrize(("kind", "ending"), [("onnx", ".onnx"), ("html", ".html")])
def test_the_ending_says_what_a_file_is(refused, tmp_path, kind, ending):
    error = refused(2, "--out", tmp_path / "a.txt", kind=kind)
    assert f"must end in {ending}" in error


def test_an_ending_of_another_kind_is_no_folder_of_keras(refused, tmp_path):
    error = refused(2, "--out", tmp_path / "a.h5", kind="keras")
    assert "must end in .keras" in error


def test_a_folder_that_is_missing_is_named(refused, tmp_path):
    assert "is no folder" in refused(1, "--out", tmp_path / "none" / "a.onnx")


def test_a_folder_is_no_file_and_a_file_is_no_folder(refused, tmp_path):
    (tmp_path / "a.onnx").mkdir()
    assert "not a regular file" in refused(1, "--out", tmp_path / "a.onnx", "--force")
    (tmp_path / "file").write_text("mine")
    error = refused(1, "--out", tmp_path / "file", "--force", kind="huggingface")
    assert "a file is there" in error
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder that nobody can write")
@pytest.mark.parametrize(("kind", "name"), [("onnx", "a.onnx"), ("huggingface", "folder")])
def test_a_path_that_cannot_be_written_is_one_line(refused, kind, name):
    refused(1, "--out", f"/proc/self/{name}", kind=kind)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_pipe_is_not_replaced(refused, tmp_path):
    pipe = tmp_path / "a.onnx"
    os.mkfifo(pipe)
    assert "not a regular file" in refused(1, "--out", pipe, "--force")
    assert pipe.is_fifo()


def test_a_damaged_run_is_refused_before_anything_is_written(refused, tmp_path):
    from helpers.run_folders import save_toy

    run = save_toy(tmp_path / "run")
    weights = run / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    assert "sha256" in refused(1, "--out", tmp_path / "a.onnx", run=run)
    assert not (tmp_path / "a.onnx").exists()


def test_the_file_of_a_run_without_names_is_the_same(call, tmp_path):
    for options in ((), ("--without-names",)):
        file = tmp_path / f"{len(options)}.onnx"
        assert call("export", RUN, "--to", "onnx", "--out", file, *options)[0] == 0
    assert (tmp_path / "0.onnx").read_bytes() == (tmp_path / "1.onnx").read_bytes()
    assert Run.open(RUN).training_set
