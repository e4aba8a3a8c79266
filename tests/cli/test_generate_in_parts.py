"""``charloom generate --out``: what does not go together, and the seed of a job."""

from __future__ import annotations

import json

import pytest

from charloom.cli import generate_in_parts
from charloom.cli.generate_in_parts import seed_of_job

TOGETHER = {
    "--best": ["--best"],
    "--explain": ["--explain"],
    "--allow-repeats": ["--allow-repeats"],
    "--temperature": ["--temperature", "1", "--temperature", "0.5"],
    "--parquet": ["--parquet", "--json"],
    "--scheduler": ["--scheduler", "tcp://127.0.0.1:9", "--workers", "2"],
}


def test_the_best_names_never_repeat(call, trained) -> None:
    code, out, err = call("generate", trained, "--best", "--allow-repeats")
    assert (code, out) == (2, "") and "Leave out --allow-repeats." in err


@pytest.mark.parametrize("option", TOGETHER)
def test_options_that_do_not_go_with_out_are_one_line(call, trained, tmp_path, option) -> None:
    code, out, err = call("generate", trained, "--out", tmp_path / "out", *TOGETHER[option])
    assert (code, out) == (2, "")
    assert option in err and len(err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "option", [["--workers", "2"], ["--scheduler", "tcp://a:1"], ["--parquet"]]
)
def test_options_of_out_need_it(call, trained, option) -> None:
    code, out, err = call("generate", trained, *option)
    assert (code, out) == (2, "")
    assert f"{option[0]} is for --out FOLDER" in err


def test_parquet_without_its_package_is_one_line(call, trained, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(generate_in_parts, "find_spec", lambda name: None)
    code, _, err = call("generate", trained, "--out", tmp_path / "out", "--parquet")
    assert code == 2
    assert "--parquet needs pyarrow" in err
    assert not (tmp_path / "out").exists()


def test_a_model_of_text_writes_no_files(call, tmp_path) -> None:
    (tmp_path / "text.txt").write_text("to be or not to be " * 40)
    small = ("--as", "text", "--model", "ngram")
    assert call("train", tmp_path / "text.txt", *small, "--out", tmp_path / "run")[0] == 0
    code, _, err = call("generate", tmp_path / "run", "--out", tmp_path / "out")
    assert code == 2
    assert "--out is for names" in err


def test_the_seed_of_a_job_is_that_of_its_folder(tmp_path) -> None:
    assert seed_of_job(None) is None
    assert seed_of_job(tmp_path) is None
    known = {"job": {"seed": 12}, "complete": False}
    (tmp_path / "manifest.json").write_text(json.dumps(known))
    assert seed_of_job(tmp_path) == 12
