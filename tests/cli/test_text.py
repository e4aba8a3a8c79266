"""The commands on a run of running text: what they print, and what they refuse in one line."""

from __future__ import annotations

import gzip
import json
import math
import signal
import subprocess
import sys
from collections import Counter

import pytest

from charloom import TextModel, load
from charloom.models.rnn.numpy import NumpyRNN
from helpers.processes import start
from helpers.text_runs import HELD_OUT, save_text_run

SHARES = {"\n": 0.1, "a": 0.4, "b": 0.2, "c": 0.1}
"""Of each character, where the boundary has the rest."""


def nats(text):
    return -sum(math.log(SHARES[c]) for c in text)


@pytest.fixture
def run(tmp_path):
    return save_text_run(tmp_path / "run")


def test_text_of_a_thousand_characters_is_printed(call, run):
    code, out, err = call("generate", run)
    assert code == 0 and err.startswith("Seed: ") and err.count("\n") == 1
    assert set(out) == set(SHARES)
    assert len(out) - 1000 == (0 if out[999] == "\n" else 1)
    assert Counter(out)["a"] / 1000 == pytest.approx(0.5, abs=0.08)  # without the boundary


def test_the_start_is_printed_first_and_the_last_line_ended(call, run):
    code, out, _ = call("generate", run, "--characters", 7, "--start", "ab\r\n", "--temperature", 0)
    assert (code, out) == (0, "ab\naaaaaaa\n")


def test_a_seed_repeats_and_sampling_options_apply(call, run):
    first = call("generate", run, "--characters", 50, "--seed", 3)
    assert call("generate", run, "--characters", 50, "--seed", 3) == first
    assert call("generate", run, "--characters", 50, "--seed", 4) != first
    for how in (["--top-k", 1], ["--top-p", 0.1], ["--min-p", 1], ["--temperature", "0.001,0.002"]):
        assert call("generate", run, "--characters", 5, *how)[1] == "aaaaa\n"
    assert call("generate", run, "--with", f"{run}=0.5", "--characters", 5, "--top-k", 1)[0] == 0


def test_json_is_one_object_from_which_the_text_can_be_generated_again(call, run):
    code, out, _ = call("generate", run, "--characters", 20, "--start", "a", "--json")
    found = json.loads(out)
    assert code == 0 and set(found) == {"text", "characters", "seed"}
    assert (len(found["text"]), found["characters"]) == (21, 20)
    again = call("generate", run, "--characters", 20, "--start", "a", "--seed", found["seed"])
    assert again[1].removesuffix("\n") == found["text"].removesuffix("\n")


def test_stop_texts_end_the_text_and_are_not_printed(call, run):
    how = ["--characters", 60, "--seed", 3]
    whole = call("generate", run, *how)[1]
    assert call("generate", run, *how, "--stop", "bb")[1] == whole[: whole.index("bb")] + "\n"
    first = call("generate", run, *how, "--stop", "q", "--stop", "\\n")
    assert first[1] == whole[: whole.index("\n") + 1]
    assert "--stop 'q' never occurs: the model has no 'q'." in first[2]
    found = json.loads(call("generate", run, *how, "--stop", "bb", "--json")[1])
    assert (found["text"], found["characters"]) == (whole[: whole.index("bb")], whole.index("bb"))
    assert found["ended_by"] == "stop"


def test_several_texts_are_separated_by_blank_lines_or_are_json_lines(call, run):
    how = ["--characters", 9, "--seed", 3, "--stop", "\\n"]
    out = call("generate", run, *how, "-n", 3)[1]
    found = [
        json.loads(one) for one in call("generate", run, *how, "-n", 3, "--json")[1].splitlines()
    ]
    assert out == "\n".join(one["text"] + "\n" for one in found) and len(found) == 3
    assert out.startswith(call("generate", run, *how)[1])


def test_the_start_may_be_a_file_or_standard_input(call, run, tmp_path, monkeypatch):
    how = ["--characters", 5, "--temperature", 0]
    (tmp_path / "start.txt").write_bytes(b"ab\r\n\r\n")
    expected = call("generate", run, *how, "--start", "ab\n")[1]
    for option in ("--start-file", "--prompt-file"):
        assert call("generate", run, *how, option, tmp_path / "start.txt")[1] == expected
    piped = subprocess.run(
        [sys.executable, "-m", "charloom", "generate", str(run), *map(str, how),
         "--start-file", "-"],
        input=b"ab\n\n", capture_output=True, check=True,
    )  # fmt: skip
    assert piped.stdout.decode() == expected
    code, out, err = call("generate", run, "--start-file", tmp_path / "none.txt")
    assert (code, out) == (1, "") and "does not exist" in err and err.count("\n") == 1
    code, _, err = call("generate", run, "--start", "a", "--start-file", tmp_path / "start.txt")
    assert code == 2 and "exclude each other" in err


@pytest.mark.parametrize("options", [["--stop", "a"], ["--records", 2], ["--stop-at-end"]])
def test_ends_of_text_are_not_for_a_run_of_names(call, folder, options):
    code, out, err = call("generate", folder, *options)
    assert (code, out) == (2, "") and f"{options[0]} is for running text" in err


@pytest.mark.parametrize("options", [["--records", 2], ["--stop-at-end"]])
def test_running_text_has_no_end_to_stop_at(call, run, options):
    code, out, err = call("generate", run, *options)
    assert (code, out) == (2, "") and "--documents" in err and err.count("\n") == 1


def test_text_is_printed_while_it_is_sampled_and_a_reader_may_leave(run):
    endless = start("generate", run, "--characters", 1_000_000_000)
    assert len(endless.stdout.read(2000)) == 2000
    endless.stdout.close()
    assert endless.wait(timeout=60) in (-signal.SIGPIPE, 141)
    assert endless.stderr.read() == b""


@pytest.mark.parametrize(
    "options",
    [
        ["--best"], ["--explain"], ["--length", "3:5"], ["--end", "x"],
        ["--contains", "x"], ["--chars", "ab"], ["--regex", "a*"], ["--max-length", "9"],
        ["--forbid", "FILE"], ["--block", "FILE"], ["--min-edits", "2"], ["--fold-case"],
        ["--allow-known"], ["--allow-repeats"],
    ],
    ids=lambda options: options[0],
)  # fmt: skip
def test_what_makes_no_sense_for_text_is_refused_in_a_line(call, run, options):
    code, out, err = call("generate", run, *options)
    assert (code, out) == (2, "")
    assert err.startswith(f"charloom: {options[0]} is for names, not for running text.")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--label", "x"], "--label is for names"),
        (["--temperature", "1", "--temperature", "2"], "only once"),
        (["--characters", "0"], "--characters': must be a whole number"),
        (["--start", "z"], "'z'"),
        (["--temperature", "-1"], "--temperature': must be a number"),
    ],
)
def test_other_mistakes_are_a_line_too(call, run, options, message):
    code, out, err = call("generate", run, *options)
    assert code in (1, 2) and out == ""
    assert message in err and len(err.splitlines()) == 1


def test_characters_are_not_for_a_run_of_names(call, folder):
    code, out, err = call("generate", folder, "--characters", 10)
    assert (code, out) == (2, "")
    assert "--characters is for running text" in err and len(err.splitlines()) == 1


def test_no_ngram_is_repeated_if_asked_for(call, run):
    greedy = ("--characters", 4, "--temperature", 0, "--start", "a")
    assert call("generate", run, *greedy)[1] == "aaaaa\n"
    code, out, _ = call("generate", run, *greedy, "--no-repeat-ngram-size", 2)
    assert code == 0 and out.startswith("aa") and "aaa" not in out


def test_repeated_ngrams_are_not_for_a_run_of_names(call, folder):
    code, out, err = call("generate", folder, "--no-repeat-ngram-size", 10)
    assert (code, out) == (2, "")
    assert "--no-repeat-ngram-size is for running text" in err and len(err.splitlines()) == 1


def test_text_is_evaluated_on_what_was_held_out(call, run):
    code, out, _ = call("evaluate", run, "--samples", 0, "--json")
    found = json.loads(out)
    per_char = nats(HELD_OUT) / len(HELD_OUT)
    assert code == 0
    assert found == {
        "characters": len(HELD_OUT),
        "streamed_nats_per_char": pytest.approx(per_char, rel=1e-5),
        "streamed_bits_per_char": pytest.approx(per_char / math.log(2), rel=1e-5),
        "perplexity": pytest.approx(math.exp(per_char), rel=1e-5),
        "window_nats_per_char": pytest.approx(per_char, rel=1e-5),
        "window": 256,
        "unknown_characters": 0,
    }
    shown = call("evaluate", run, "--samples", 0)[1]
    assert f"perplexity              {math.exp(per_char):>12.4f}\n" in shown


def test_text_is_evaluated_on_files_which_may_be_packed(call, run, tmp_path):
    (tmp_path / "one.txt").write_bytes(b"aab\r\n")
    (tmp_path / "two.txt.gz").write_bytes(gzip.compress(b"ccc"))
    files = ["--data", tmp_path / "one.txt", "--data", tmp_path / "two.txt.gz"]
    found = json.loads(call("evaluate", run, *files, "--json")[1])
    boundary = -math.log(0.2)
    assert found["characters"] == 8  # and the boundary between them
    assert found["streamed_nats_per_char"] == pytest.approx(
        (nats("aab\n") + boundary + nats("ccc")) / 8, rel=1e-5
    )


def test_characters_that_the_model_never_saw_are_counted_and_read_over(call, run, tmp_path):
    (tmp_path / "t.txt").write_text("azab")
    found = json.loads(call("evaluate", run, "--data", tmp_path / "t.txt", "--json")[1])
    assert (found["characters"], found["unknown_characters"]) == (3, 1)
    assert found["streamed_nats_per_char"] == pytest.approx(nats("aab") / 3, rel=1e-5)
    (tmp_path / "t.txt").write_text("zzz")
    code, _, err = call("evaluate", run, "--data", tmp_path / "t.txt")
    assert code == 1 and "never saw any" in err


def test_they_count_as_the_unknown_symbol_where_there_is_one(call, tmp_path):
    run = save_text_run(tmp_path / "run", {"": 1.0, "a": 2.0}, unknown=1.0, held_out="a\ufffda")
    found = json.loads(call("evaluate", run, "--json")[1])
    assert (found["characters"], found["unknown_characters"]) == (3, 1)
    expected = (2 * math.log(2) + math.log(4)) / 3
    assert found["streamed_nats_per_char"] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("options", [["--column", "1"], ["--field", "x"], ["--max-line", "9"]])
def test_options_of_reading_lists_are_not_for_text(call, run, options):
    code, _, err = call("evaluate", run, "--data", "x", *options)
    assert code == 2 and "for names, not for running text" in err


def test_without_held_out_text_evaluation_asks_for_some(call, tmp_path):
    run = save_text_run(tmp_path / "run", held_out=None)
    code, _, err = call("evaluate", run)
    assert code == 1 and "--data FILE" in err


def test_names_are_evaluated_on_several_files(call, folder, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"a{'ß' * len(name)}\n{name[0] if name == 'x' else 'a'}\n")
    found = json.loads(
        call("evaluate", folder, "--data", tmp_path / "one", "--data", tmp_path / "two", "--json")[
            1
        ]
    )
    assert found["names"] == 2


def test_a_score_is_that_of_a_beginning_whatever_follows(call, run, tmp_path):
    (tmp_path / "t.txt").write_text("ab\nc\n")
    code, out, _ = call("score", run, tmp_path / "t.txt")
    assert code == 0
    scores = [line.split("\t") for line in out.splitlines()]
    assert [text for _, text in scores] == ["ab", "c"]
    assert [float(x) for x, _ in scores] == pytest.approx([nats("ab"), nats("c")], abs=1e-5)
    explained = json.loads(
        call("score", run, tmp_path / "t.txt", "--explain", "--json")[1].split("\n")[0]
    )
    assert [step["character"] for step in explained["steps"]] == ["a", "b"]
    assert explained["nats"] == pytest.approx(nats("ab"), abs=1e-5)


def test_info_describes_the_text(call, tmp_path):
    corpus = {"sources": ["t.txt"], "documents": 1, "characters": 12345, "distinct": 9, "rare": 5,
              "unknown_characters": 7, "bytes": 12345, "warnings": []}  # fmt: skip
    facts = {"corpus": corpus, "train_characters": 12000, "held_out_characters": 345,
             "best": {"epoch": 2, "train_nats_per_char": 1.5, "held_out_nats_per_char": 1.25,
                      "held_out_window_nats_per_char": 1.375}}  # fmt: skip
    run = save_text_run(tmp_path / "run", unknown=1.0, facts=facts)
    code, out, _ = call("info", run)
    assert code == 0
    for line in (
        "trained on   running text",
        "vocabulary   4 characters, and one for all others: \\n a b c",
        "corpus       12,345 characters from t.txt",
        "             12,000 to train on, 345 held out",
        "             5 rare characters, 7 in all, read as unknown",
        "held-out     1.2500 nats/char",
        "in windows   1.3750 nats/char",
    ):
        assert line in out.splitlines()
    assert json.loads(call("info", run, "--json")[1])["vocabulary"]["unknown"] is True


@pytest.mark.parametrize("what", ["lengths", "sweep"])
def test_figures_of_names_are_refused(call, run, what):
    code, out, err = call("plot", run, "--what", what, "--json")
    assert (code, out) == (2, "")
    assert "is for names" in err and len(err.splitlines()) == 1


def test_the_next_characters_of_text_have_no_end(call, run):
    found = json.loads(call("plot", run, "--what", "next", "--json")[1])
    assert found["text"] == HELD_OUT
    assert found["targets"] == list(HELD_OUT)
    assert found["characters"] == ["<end>", "\n", "a", "b", "c"]
    assert found["probabilities"][3] == pytest.approx([0.2, 0.1, 0.4, 0.2, 0.1])


def test_the_embedding_and_units_of_text_are_drawn(call, run, tmp_path):
    pytest.importorskip("matplotlib")
    for what in ("embedding", "units", "next"):
        code, _, err = call("plot", run, "--what", what, "--out", tmp_path / f"{what}.png")
        assert code == 0, err
        assert (tmp_path / f"{what}.png").stat().st_size > 1000


def test_the_unknown_symbol_has_its_place_in_figures(call, tmp_path):
    run = save_text_run(tmp_path / "run", unknown=2.0)
    found = json.loads(call("plot", run, "--what", "embedding", "--json")[1])
    assert found["characters"] == ["<end>", "\n", "a", "b", "c", "\ufffd"]
    assert json.loads(call("plot", run, "--what", "next", "--text", "az", "--json")[1])[
        "targets"
    ] == [
        "a",
        "\ufffd",
    ]


def test_a_model_of_text_is_loaded_as_one(run):
    model = load(run)
    assert isinstance(model, TextModel) and isinstance(model.rnn, NumpyRNN)
    assert model.nll(["ab"])[0] == pytest.approx(nats("ab"), abs=1e-5)
