"""The command line: what goes to stdout, what to stderr, and with which exit code."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time

import pytest

from charloom import __version__, load
from charloom.__main__ import main as charloom_main
from charloom.cli import train as train_command
from charloom.cli.main import COMMANDS
from charloom.cli.sources import Source
from charloom.config import NAMES_TEMPERATURE
from charloom.errors import CharloomError
from helpers.options import ENDLESS, FAST
from helpers.processes import interrupted, shell
from helpers.trainings import history


def test_training_prints_ten_new_names_and_nothing_else_on_stdout(call, toy, names_file, tmp_path):
    code, out, err = call("train", names_file, "--out", tmp_path / "run", *FAST)
    names = out.splitlines()
    assert code == 0
    assert len(names) == len(set(names)) == 10
    assert not set(names) & set(toy.names)
    assert "120 names" in err
    assert "held-out loss" in err
    assert err.endswith("\nSeed: 0\n")
    assert str(tmp_path / "run") in err


def test_names_are_printed_at_the_default_temperature(call, trained):
    asked = ("generate", trained, "-n", "20", "--seed", "3")
    shown, usual, own = (
        call(*asked, *more)[1]
        for more in ((), ("--temperature", str(NAMES_TEMPERATURE)), ("--temperature", "1"))
    )
    assert shown == usual != own
    assert own.splitlines() == load(trained).names(20, seed=3)  # the model's own distribution
    filtered = call(*asked, "--temperature", "1", "--min-p", "0.0")[1]
    assert filtered == own
    assert call(*asked, "--best")[1] == call(*asked, "--best", "--temperature", "1")[1]


@pytest.mark.slow
def test_training_without_a_source_learns_the_built_in_list(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = call("train", "--epochs", "1", "--units", "16")
    assert code == 0
    assert len(out.splitlines()) == 10
    assert load(tmp_path / "runs" / "dinosaurs").known >= {"Tyrannosaurus", "Triceratops"}
    call("train", "--epochs", "1", "--units", "16")
    assert load(tmp_path / "runs" / "dinosaurs-2")  # nothing is overwritten


def test_training_as_json_prints_one_object(call, names_file, tmp_path):
    code, out, _ = call("train", names_file, "--out", tmp_path / "run", "--json", *FAST)
    summary = json.loads(out)
    assert code == 0
    assert len(summary["names"]) == 10
    assert summary["seed"] == 0
    assert summary["held_out_nats_per_char"] > 0


def test_the_seed_is_told_once_and_repeats_the_names(call, trained):
    _, out, err = call("generate", trained, "-n", "3", "--temperature", "1", "--temperature", "2")
    told = err.removeprefix("Seed: ").strip()
    again = call("generate", trained, "-n", "3", "--temperature", "1", "--temperature", "2",
                 "--seed", told, "--json")[1]  # fmt: skip
    samples = [json.loads(line) for line in again.splitlines()]
    assert [sample["text"] for sample in samples] == out.splitlines()
    assert {sample["seed"] for sample in samples} == {int(told)}
    assert call("generate", trained, "--best", "-n", "1")[2] == ""  # draws nothing


@pytest.mark.heavy
@pytest.mark.slow
def test_training_reads_standard_input_and_several_files(call, names_file, tmp_path):
    more = tmp_path / "more.csv"
    more.write_text("id,name\n1,Zaza\n2,Zizi\n")
    done = shell("train", "-", more, "--column", "name", "--out", tmp_path / "run", *FAST,
                 input=names_file.read_text())  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert load(tmp_path / "run").known >= {"Zaza", "Zizi", "baLan".lower()}


@pytest.mark.slow
def test_a_run_that_exists_is_overwritten_only_by_force(call, names_file, tmp_path):
    def train(*extra):
        return call("train", names_file, "--out", tmp_path / "run", *FAST, *extra)

    train()
    before = (tmp_path / "run" / "model.safetensors").read_bytes()
    code, out, err = train("--seed", "1")
    assert (code, out) == (1, "")
    assert "--force" in err.splitlines()[-1]
    assert (tmp_path / "run" / "model.safetensors").read_bytes() == before
    assert train("--seed", "1", "--force")[0] == 0
    assert (tmp_path / "run" / "model.safetensors").read_bytes() != before


def test_generation_prints_new_names_without_repeats(call, toy, trained):
    code, out, err = call("generate", trained, "-n", "25", "--seed", "3")
    names = out.splitlines()
    assert (code, err) == (0, "Seed: 3\n")
    assert len(names) == len(set(names)) == 25
    assert not set(names) & set(toy.names)
    assert call("generate", trained, "-n", "25", "--seed", "3")[1] == out
    assert call("generate", trained, "-n", "25")[1] != out


def test_generation_obeys_start_and_length(call, trained):
    out = call("generate", trained, "-n", "5", "--start", "ba", "--max-length", "6")[1]
    assert all(name.startswith("ba") and len(name) <= 6 for name in out.splitlines())


def test_generation_as_json_gives_text_nats_and_origin(call, toy, trained):
    code, out, _ = call("generate", trained, "-n", "30", "--json", "--allow-known")
    samples = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert len(samples) == 30
    for sample in samples:
        assert set(sample) == {"text", "nats", "origin", "seed"}
        assert sample["origin"] == ("known" if sample["text"] in toy.names else "new")
    nats = load(trained).nll([sample["text"] for sample in samples])
    assert [s["nats"] for s in samples] == pytest.approx(nats.tolist(), abs=1e-4)


def test_forbidden_names_do_not_come_out(call, trained, tmp_path):
    before = call("generate", trained, "-n", "20", "--seed", "1")[1]
    (tmp_path / "no.txt").write_text(before)
    after = call("generate", trained, "-n", "20", "--seed", "1", "--forbid", tmp_path / "no.txt")[1]
    assert not set(before.splitlines()) & set(after.splitlines())


def test_what_the_model_cannot_give_is_said_and_counted(call, trained):
    code, out, err = call("generate", trained, "-n", "50", "--temperature", "0", "--allow-known")
    assert code == 1
    assert len(out.splitlines()) == 1
    assert len(err.splitlines()) == 2  # the second tells the seed
    assert "1 of 50" in err


def test_scores_are_nats_a_tab_and_the_string(call, trained, tmp_path):
    texts = ["balan", "gelas", "balan"]
    (tmp_path / "texts.txt").write_text("\n".join(texts))
    code, out, _ = call("score", trained, tmp_path / "texts.txt")
    rows = [line.split("\t") for line in out.splitlines()]
    assert code == 0
    assert [text for _, text in rows] == texts
    expected = load(trained).nll(texts)
    assert [float(nats) for nats, _ in rows] == pytest.approx(expected.tolist(), abs=1e-5)
    assert shell("score", trained, input="balan\ngelas\nbalan\n").stdout == out


def test_scores_do_not_depend_on_workers_and_come_block_by_block(
    call, trained, toy, tmp_path, monkeypatch
):
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(toy.names))
    code, out, err = call("score", trained, texts)
    assert (code, out.count("\n"), err) == (0, 120, "")
    for workers in ("1", "3"):
        assert call("score", trained, texts, "--workers", workers) == (0, out, "")
    monkeypatch.setattr("charloom.cli.score.BLOCK", 50)
    code, blocks, _ = call("score", trained, texts)
    rows = [[line.split("\t") for line in text.splitlines()] for text in (out, blocks)]
    assert [text for _, text in rows[1]] == list(toy.names)
    found, wanted = ([float(nats) for nats, _ in part] for part in rows)
    assert found == pytest.approx(wanted, abs=1e-5)
    texts.write_text("\n".join([*toy.names, "ba~an"]))
    code, out, err = call("score", trained, texts)
    assert (code, out) == (1, "")
    assert "'~'" in err
    assert call("score", trained, texts, "--workers", "0")[0] == 2
    assert "--workers" in call("score", trained, texts, "--explain", "--workers", "2")[2]


def test_an_unseen_character_stops_scoring_or_counts_as_impossible(call, trained, tmp_path):
    (tmp_path / "texts.txt").write_text("balan\nbaßan\n", "utf-8")
    code, out, err = call("score", trained, tmp_path / "texts.txt")
    assert (code, out) == (1, "")
    assert "'ß'" in err and "Or add --unknown inf" in err and len(err.splitlines()) == 1
    assert call("score", trained, tmp_path / "texts.txt", "--explain") == (1, "", err)
    code, out, _ = call("score", trained, tmp_path / "texts.txt", "--unknown", "inf")
    assert code == 0
    assert out.splitlines()[1] == "inf\tbaßan"


def test_evaluation_counts_ends_and_not_padding(call, trained, tmp_path):
    texts = ["balan", "gel", "dolas", "baßan"]
    (tmp_path / "texts.txt").write_text("\n".join(texts), "utf-8")
    code, out, _ = call("evaluate", trained, "--data", tmp_path / "texts.txt", "--json")
    result = json.loads(out)
    nats = load(trained).nll(texts[:3]).sum()
    assert code == 0
    assert (result["names"], result["characters"]) == (3, 5 + 3 + 5 + 3)
    assert (result["unknown_characters"], result["skipped_names"]) == (1, 1)
    assert result["nats_per_char"] == pytest.approx(nats / 16, rel=1e-5)
    assert result["bits_per_char"] == pytest.approx(nats / 16 / math.log(2), rel=1e-5)
    assert result["perplexity_per_name"] == pytest.approx(math.exp(nats / 3), rel=1e-4)


@pytest.mark.slow
def test_evaluation_without_data_measures_the_held_out_names(call, trained):
    out = call("evaluate", trained, "--json")[1]
    saved = json.loads(call("info", trained, "--json")[1])
    best = saved["best"]["held_out_nats_per_char"]
    assert json.loads(out)["nats_per_char"] == pytest.approx(best, rel=1e-5)
    assert "Nats per char" in call("evaluate", trained)[1]


def test_info_shows_what_the_folder_holds(call, trained):
    data = json.loads(call("info", trained, "--json")[1])
    assert data["model"]["units"] == 16
    assert data["vocabulary"]["characters"] == sorted("abdegiklnorsu")
    assert data["training"]["epochs"] == 8
    assert data["corpus"]["names"] == 120
    assert data["versions"]["charloom"] == __version__
    text = call("info", trained)[1]
    assert "LSTM 16" in text
    assert f"{data['parameters']:,}" in text


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_has_its_help(call, command):
    code, out, _ = call(command, "--help")
    assert code == 0
    assert out.startswith(f"Usage: charloom {command}")


def test_the_version_is_printed(call):
    assert call("--version")[:2] == (0, f"charloom {__version__}\n")


def test_a_reader_that_leaves_early_is_no_error(trained):
    done = subprocess.run(
        f"{sys.executable} -m charloom generate {trained} -n 30000 --allow-repeats --allow-known"
        " | head -1",
        shell=True, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk_under_stdout_is_one_line_and_code_1(trained):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = shell("generate", trained, "-n", "3", capture_output=False, stdout=full,
                     stderr=subprocess.PIPE)  # fmt: skip
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "space" in done.stderr


def test_a_full_disk_under_the_run_folder_loses_nothing(call, names_file, trained, monkeypatch):
    import errno

    def full(_fd):
        raise OSError(errno.ENOSPC, "No space left on device")

    before = (trained / "model.safetensors").read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    code, out, err = call("train", names_file, "--out", trained, "--force", *FAST)
    assert (code, out) == (1, "")
    assert "No space left" in err.splitlines()[-1]
    assert (trained / "model.safetensors").read_bytes() == before


@pytest.mark.heavy
@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
def test_control_c_saves_and_says_how_to_resume(names_file, tmp_path):
    run = tmp_path / "run"
    code, out, err = interrupted(
        ["train", names_file, "--out", run, *ENDLESS], (run / "model.json").exists, signal.SIGINT
    )
    assert code == 0
    assert len(out.splitlines()) == 10
    resume = err.splitlines()[-1]
    assert "--resume" in resume
    assert load(run)
    again = shell(*resume.split("charloom ", 1)[1].split(), "--seconds", "1")
    assert again.returncode == 0, again.stderr


def test_the_budget_of_seconds_begins_with_the_command(names_file, tmp_path, monkeypatch, capsys):
    arguments = ["train", names_file, "--out", tmp_path / "run", *ENDLESS, "--seconds", "8"]
    monkeypatch.setattr("sys.argv", ["charloom", *map(str, arguments)])
    monkeypatch.setattr("charloom.__main__.STARTED", time.monotonic() - 8)
    with pytest.raises(SystemExit) as ended:
        charloom_main()
    assert ended.value.code == 0
    assert "8 seconds are used up" in capsys.readouterr().err
    assert len(history(tmp_path / "run")) == 1  # nothing was left for a second epoch


def test_a_run_folder_is_named_after_its_source_and_never_taken_twice(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def free(*paths):
        return train_command._free_folder(Source(paths)).as_posix()

    assert free("a/towns.csv.gz") == "runs/towns"
    assert free("-") == free(".hidden") == "runs/names"
    assert free() == "runs/dinosaurs"
    (tmp_path / "runs" / "towns").mkdir(parents=True)
    assert free("towns.txt") == "runs/towns-2"


def test_every_error_of_the_library_is_one_family():
    from charloom import errors

    kinds = [v for v in vars(errors).values() if isinstance(v, type)]
    assert all(issubclass(kind, CharloomError) for kind in kinds)


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_a_bar_on_the_terminal_does_not_catch_the_names(trained):
    reader, terminal = os.openpty()
    command = [sys.executable, "-m", "charloom", "generate", str(trained), "-n", "2500"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=terminal)
    os.close(terminal)
    names = process.stdout.read().decode().splitlines()
    shown = os.read(reader, 1 << 16)
    os.close(reader)
    assert process.wait(60) == 0
    assert len(set(names)) == 2500
    assert b"names" in shown


@pytest.mark.parametrize(("command", "threads"), [("generate", "1"), ("play", "1"), ("train", "")])
def test_commands_that_draw_start_one_blas_thread(command, threads, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["charloom", command])
    monkeypatch.setattr("charloom.cli.main.run", lambda started: 0)
    monkeypatch.setattr("charloom.cli.streams.occupy_closed_streams", lambda: None)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "")  # so that it is put back in the end
    monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    monkeypatch.setattr("gc.set_threshold", lambda *given: None)
    with pytest.raises(SystemExit):
        charloom_main()
    assert os.environ.get("OPENBLAS_NUM_THREADS", "") == threads
