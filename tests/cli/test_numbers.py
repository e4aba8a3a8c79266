"""Every numeric option states its range, and refuses everything else in one line."""

from __future__ import annotations

import math
from pathlib import Path

import click
import pytest

from charloom import load
from charloom.cli.main import COMMANDS, cli
from charloom.cli.options import Numbers, Real, Whole

FROZEN = Path(__file__).parents[1] / "frozen"
ODD = [
    "1e400",
    "nan",
    "-inf",
    "99999999999999999999999999999",
    "9" * 5000,
    "",
    "x",
    "\x1b[2J",
    "1,",
    "--",
]


def numeric_options():
    """Yield each command with each of its numeric options."""
    context = click.Context(cli)
    for name in COMMANDS:
        for parameter in cli.get_command(context, name).params:
            if isinstance(parameter, click.Option) and not parameter.is_flag:
                yield name, parameter


NUMERIC = [(n, p) for n, p in numeric_options() if isinstance(p.type, Whole | Real | Numbers)]
IDS = [f"{name} {max(p.opts, key=len)}" for name, p in NUMERIC]


def test_all_numbers_are_read_by_types_with_a_range():
    plain = (click.types.IntParamType, click.types.FloatParamType, click.IntRange, click.FloatRange)
    for name, option in numeric_options():
        assert not isinstance(option.type, plain) or isinstance(option.type, Whole | Real), name
    assert len(NUMERIC) > 40


@pytest.mark.parametrize(("name", "option"), NUMERIC, ids=IDS)
def test_a_number_out_of_range_is_one_line_that_names_the_option(
    call, name, option, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    flag = max(option.opts, key=len)
    values = [*ODD]
    if isinstance(option.type, Whole):
        values += [str(option.type.min - 1), str(option.type.max + 1), "1.5"]
    elif isinstance(option.type, Real) and option.type.max is None:
        values.remove("99999999999999999999999999999")
    elif isinstance(option.type, Real):
        values.append(str(math.nextafter(option.type.max, math.inf) + 1))
    run = str(FROZEN / "ngram" / "run")
    source = str(FROZEN / "names.txt")
    for value in values:
        code, out, err = call(
            name, source if name in ("explore", "train", "tune") else run, f"{flag}={value}"
        )
        assert (code, out) == (2, ""), value
        assert len(err.splitlines()) == 1 and len(err) < 400, value
        assert flag in err and err.rstrip("\n").isprintable(), value


@pytest.mark.parametrize(("name", "option"), NUMERIC, ids=IDS)
def test_the_help_states_the_range(call, name, option):
    if isinstance(option.type, Whole):
        _, out, _ = call(name, "--help")
        assert f"{option.type.min}<=x<={option.type.max}" in out


def test_digits_of_other_scripts_and_spaces_around_numbers_are_read(call):
    plain = call("generate", FROZEN / "ngram" / "run", "-n", "3", "--seed", "1")
    assert plain[0] == 0
    assert call("generate", FROZEN / "ngram" / "run", "-n", " ٣ ", "--seed", "1") == plain


def test_weights_of_labels_and_blends_name_their_option(call):
    labels, run = FROZEN / "labels" / "run", FROZEN / "ngram" / "run"
    name = load(labels).labels[0]
    for flag, value in (("--label", "x=nan"), ("--with", f"{run}=1e400"), ("--with", f"{run}=2")):
        code, out, err = call("generate", labels if flag == "--label" else run, flag, value)
        assert (code, out, len(err.splitlines())) == (2, "", 1)
        assert flag in err
    for weight in ("0,5", ""):
        code, _, err = call("generate", labels, "--label", f"{name}={weight}")
        assert code == 2 and f"--label takes NAME=NUMBER, such as {name}=0.5. Received:" in err
    assert "has no label 'nowhere=0,5'" in call("generate", labels, "--label", "nowhere=0,5")[2]


def test_a_text_in_memory_has_a_length_limit_that_a_stream_has_not(call):
    text = FROZEN / "text" / "run"
    code, out, err = call("generate", text, "--characters", "20000000", "--json")
    assert (code, out) == (2, "")
    assert "--characters may be 10000000 at most with --json" in err
