"""A run folder that a stranger has written changes no other file, hangs nothing, and shows no
escape sequences."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from charloom import Run, load
from charloom.config import ModelConfig
from charloom.data.names import NameCorpus
from charloom.data.text import TextCorpus
from charloom.data.vocabulary import Vocabulary
from charloom.errors import CharloomError, CorpusError, RunError
from charloom.run import load_model
from charloom.training.trainer import fit
from helpers.run_folders import forge, refusal, replace_payload, save_toy, toy
from helpers.trainings import MODEL, TRAINING

HARMFUL = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]")
LINES = "\x1b]0;owned\x07\x1b[2J\r\u202e\u2066\u200b\x9b31m"


@pytest.fixture
def run(tmp_path):
    return save_toy(tmp_path / "run")


@pytest.fixture
def outside(tmp_path):
    """A folder with a file, a checkpoint of somebody else's, and what must stay of them."""
    folder = tmp_path / "outside"
    (folder / "000000007").mkdir(parents=True)
    (folder / "000000007" / "training.json").write_text("theirs")
    (folder / "file").write_text("theirs\n")
    before = contents(folder)
    yield folder
    assert contents(folder) == before


def contents(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(str(path), path.read_bytes(), path.stat().st_mtime_ns) for path in files]


# Text that acts on a terminal


def set_characters(run, characters, **others):
    new = {"characters": sorted(characters), **others}
    forge(run / "model.json", lambda fields: fields["vocabulary"].update(new))


@pytest.mark.parametrize("text", [False, True], ids=["names", "text"])
@pytest.mark.parametrize("character", ["\x1b", "\x07", "\x08", "\0", "\r", "\x7f", "\x9b"])
def test_control_characters_in_a_vocabulary_are_refused(run, character, text):
    set_characters(run, [character, "a"])
    forge(run / "model.json", lambda fields: fields["config"].update(text=text))
    assert "vocabulary of printable" in refusal(lambda: load_model(run))


@pytest.mark.parametrize("character", ["\n", "\u2028", "\u2029", "\f"])
def test_names_have_no_line_ends(run, character):
    set_characters(run, [character, "a"])
    assert "vocabulary of printable names" in refusal(lambda: load_model(run))


@pytest.mark.parametrize("character", ["\n", "\t", "\f", "\u2028"])
def test_text_has_lines_and_tabs(tmp_path, character):
    vocabulary = Vocabulary(tuple(sorted((character, "a"))))
    config = ModelConfig(units=2, embedding=2, text=True)
    run = save_toy(tmp_path / "text", config=config, vocabulary=vocabulary)
    assert load(run).vocabulary == vocabulary


@pytest.mark.parametrize("entry", ["\x1b[2J", "ab", "a\u202eb", "\r\n\n"])
def test_a_grapheme_is_one_cluster(run, entry):
    set_characters(run, [entry, "c"], unit="grapheme")
    assert "grapheme clusters" in refusal(lambda: load_model(run))


@pytest.mark.parametrize("entry", ["e\u0323\u0301", "\U0001f468\u200d\U0001f469", "क्ष"])
def test_graphemes_of_several_code_points_stay(run, entry):
    set_characters(run, [entry, "c"], unit="grapheme")
    assert load(run).vocabulary.characters == tuple(sorted([entry, "c"]))


def test_joiners_and_direction_marks_are_letters_of_some_names(run):
    set_characters(run, ["\u200c", "\u200f"])
    assert load(run).vocabulary.size == 3


@pytest.mark.parametrize("bad", ["a\x1b[2J", "a\x9bb", "a\rb", "a\u2028b", "\x7f"])
@pytest.mark.parametrize("before", [0, 2**18], ids=["short", "long"])
def test_control_characters_in_lists_are_refused(run, bad, before):
    data = "aa aß a\tß \u00a0\u2013\n".encode() * (1 + before)
    replace_payload(run, "train_names.txt", data)
    load_model(run)
    replace_payload(run, "train_names.txt", data + f"{bad}\n".encode())
    assert "control character" in refusal(lambda: load_model(run))


def test_a_text_with_escape_sequences_is_refused_before_training():
    with pytest.raises(CorpusError, match=r"control character, '\\x1b' \(U\+001B\).*--encoding"):
        TextCorpus.of("a\x1b[2Jb" * 9)
    rare = TextCorpus.of("abc" * 9 + "\x1b", min_count=2)  # not in the vocabulary
    assert rare.vocabulary.characters == ("a", "b", "c")


FACTS = {
    "created": LINES,
    "corpus": {"sources": [LINES, "a/" + LINES], "warnings": [LINES], "names": 3},
    "versions": {LINES: LINES, "numpy": LINES},
    "backend": LINES,
    "canaries": [LINES],
    "train_names": 3,
    "held_out_names": 2,
}


@pytest.mark.parametrize("command", ["info", "info --json", "card --out -", "plot --what loss"])
def test_no_fact_acts_on_a_terminal(call, tmp_path, command):
    run = save_toy(tmp_path / f"run{LINES.replace('/', '')}", facts=FACTS)
    name, *options = command.split()
    code, out, err = call(name, run, *options, *(["--json"] if name == "plot" else []))
    assert not HARMFUL.search(out) and not HARMFUL.search(err) and "Traceback" not in err
    if "--json" in options:
        assert code == 0 and json.loads(out)["created"] == LINES
    if name == "info" and not options:
        assert r"\x1b]0;owned\x07" in out and r"\u202e" in out


def test_errors_are_one_printable_line(call, tmp_path):
    for name in ("a\nb", "\x1b[2J", os.fsdecode(b"\xff\xfe"), "a b"):
        code, out, err = call("info", tmp_path / name)
        assert (code, out) == (1, "") and err.count("\n") == 1 and err[:-1].isprintable()
    assert str(CharloomError("a\x1b[2J\n\u202e")) == r"a\x1b[2J\n\u202e"
    assert str(CharloomError("می\u200cخواهم")) == "می\u200cخواهم"  # a joiner within a word


# Files that are none


def odd_file(path, kind, outside):
    if kind == "link":
        path.symlink_to(outside / "file")
    elif kind == "hard link":
        path.hardlink_to(outside / "file")
    elif kind == "dangling link":
        path.symlink_to(outside / "new")
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "socket":
        with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as server:
            server.bind(path.name)
    else:
        os.mkfifo(path)


KINDS = ["link", "hard link", "dangling link", "device", "socket", "pipe"]
CORPUS = NameCorpus.of(a + b for a in "bdgk" for b in ("ala", "era", "ina"))
QUICK = ModelConfig(kind="ngram", order=2)


def trained(run, model=QUICK, **options):
    """Train into a run folder; return the error, if there is one."""
    try:
        for _ in fit(CORPUS, model=model, training=TRAINING, out=run, **options):
            pass
    except RunError as error:
        assert str(error).isprintable()
        return str(error)
    return ""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["history.jsonl", "training.lock", "training.json", "model.json"])
@pytest.mark.parametrize("options", [{"force": True}, {"resume": True}], ids=["force", "resume"])
def test_training_changes_no_file_elsewhere(tmp_path, outside, kind, name, options):
    run = tmp_path / "run"
    run.mkdir()
    if name != "model.json":
        save_toy(run)
    odd_file(run / name, kind, outside)
    error = trained(run, **options)
    assert not (outside / "new").exists()
    if not error:  # replaced by files of its own
        assert not (run / name).is_symlink()
        assert load_model(run).config == QUICK


@pytest.mark.parametrize("where", ["checkpoints", "epochs", "checkpoints/000000007"])
def test_folders_that_are_links_are_refused(tmp_path, outside, where):
    run = save_toy(tmp_path / "run")
    (run / where).parent.mkdir(exist_ok=True)
    (run / where).symlink_to(outside / "000000007" if "/" in where else outside)
    for options in ({"force": True}, {"resume": True}):
        assert "must be a folder, not a link" in trained(run, **options)
    assert Run.open(run).epochs == Run.open(run).checkpoints == ()


def test_checkpoints_that_become_a_link_during_training_are_refused(tmp_path, outside):
    run = tmp_path / "run"
    events = fit(CORPUS, model=MODEL, training=TRAINING.replace(save_steps=1), out=run)
    next(events)
    (run / "checkpoints").rename(tmp_path / "away")
    (run / "checkpoints").symlink_to(outside)
    with pytest.raises(RunError, match="must be a folder, not a link"):
        list(events)


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_changes_no_file_elsewhere(call, run, outside, kind):
    odd_file(run / "README.md", kind, outside)
    for options in ((), ("--force",)):
        code, _, err = call("card", run, "--samples", "20", *options)
        replaced = kind == "hard link" and options
        assert code == (0 if replaced else 1) and "Traceback" not in err
    assert not (outside / "new").exists()


def test_reading_follows_links_to_files(run, tmp_path):
    for path in list(run.iterdir()):
        path.rename(tmp_path / path.name)
        path.symlink_to(tmp_path / path.name)
    assert load(run).names(1, allow_known=True)


@pytest.mark.parametrize("kind", ["device", "socket", "pipe"])
@pytest.mark.parametrize("name", ["training.json", "training.safetensors"])
def test_a_pipe_as_a_state_hangs_nothing(call, run, outside, kind, name):
    odd_file(run / name, kind, outside)
    code, _, err = call("plot", run, "--what", "loss", "--json")
    assert code == 1 and err.count("\n") == 1


# Values


@pytest.mark.parametrize("command", ["info", "info --json", "card --out -"])
@pytest.mark.parametrize(
    "facts",
    [
        {"corpus": {"sources": 5, "names": "x", "unknown_characters": [1], "rare": {}}},
        {"corpus": {"sources": [1, None]}, "model": 1, "vocabulary": [], "run": {}, "weights": 0},
        {"ngram": {"order": "3", "share": "x", "exponents": ["a", {}]}, "seconds": 10**400},
        {"best": {"epoch": "x", "train_nats_per_char": "y"}, "history": [{"epoch": {}}]},
        {"training": {"units": [], "epochs": "x", "freeze": 3, "seed": {"a": 1}}, "versions": [1]},
        {"created": {}, "backend": 3, "longest": "x", "canaries": [[]], "digest": []},
        {"nested": json.loads("[" * 300 + "]" * 300)},
    ],
)
def test_facts_of_wrong_types_are_left_out(call, tmp_path, facts, command):
    run = save_toy(tmp_path / "run", facts=facts)
    name, *options = command.split()
    code, out, err = call(name, run, *options)
    assert code == 0 and "Traceback" not in err
    if "--json" in options:
        shown = json.loads(out)
        assert shown["model"]["units"] == 2 and shown["vocabulary"]["size"] == 3
        assert not {"nested", "longest", "backend"} & set(shown)


def test_a_key_that_occurs_twice_in_a_header_is_refused(run):
    data = (run / "model.safetensors").read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = data[8 : 8 + size].rstrip()
    entry = re.search(rb'"embedding":\{[^}]*\}', header)[0]
    for twice in (
        header[:-1] + b"," + entry + b"}",
        header.replace(b'"dtype":"F32"', b'"dtype":"F32","dtype":"F32"', 1),
    ):
        forged = struct.pack("<Q", len(twice)) + twice + data[8 + size :]
        replace_payload(run, "model.safetensors", forged)
        assert "a key occurs twice" in refusal(lambda: load_model(run))


@pytest.mark.parametrize("value", [2e6, -1e30, np.nan, -np.inf])
def test_absurd_weights_are_refused_without_a_warning(run, value):
    weights = dict(toy().weights)
    weights["rnn.0.kernel"] = np.full_like(weights["rnn.0.kernel"], value)
    replace_payload(run, "model.safetensors", save(weights))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "weight rnn.0.kernel must" in refusal(lambda: load_model(run))


def test_the_largest_weights_give_finite_numbers(run):
    weights = {name: np.full_like(array, 1e6) for name, array in toy().weights.items()}
    replace_payload(run, "model.safetensors", save(weights))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = load(run)
        assert np.isfinite(model.nll(["aß", "a"])).all() and model.generate(2) is not None


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A training that is finished."""
    run = tmp_path_factory.mktemp("finished") / "run"
    assert not trained(run, MODEL)
    return run


def change_state(run, change):
    path = max(Path(run, "checkpoints").glob("*/training.json"))
    forge(path, lambda fields: change(fields["state"]))


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state.update(progress=[]),
        lambda state: state["progress"].update(epoch="x"),
        lambda state: state["progress"].update(step=-1),
        lambda state: state["progress"].update(best_epoch=99),
        lambda state: state["progress"].update(step_in_epoch=10**9),
        lambda state: state["progress"].update(history=[{"epoch": 1}]),
        lambda state: state["progress"].update(epoch_nats=[]),
        lambda state: state["batches"].update(batch_size="x"),
        lambda state: state["batches"].update(buckets=10**9),
        lambda state: state.update(batches=None),
        lambda state: state.update(model=None),
        lambda state: state["training"].update(seed={}),
    ],
)
def test_a_state_of_wrong_types_is_refused(tmp_path, finished, change):
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    change_state(run, change)
    assert trained(run, MODEL, resume=True)
