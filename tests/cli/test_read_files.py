"""Every command reads its files alike: their content counts, and the same options apply."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

Made = Callable[[list[str]], str | bytes]

FILES: dict[str, tuple[str, Made, list[str]]] = {
    "plain lines": ("a.txt", "\n".join, []),
    "a JSON array": ("a.txt", lambda n: json.dumps(n, indent=2), []),
    "a JSON array in one line": ("a.txt", json.dumps, []),
    "an array in an object": ("a.json", lambda n: json.dumps({"names": n}), []),
    "JSON objects": ("a.json", lambda n: json.dumps([{"n": x} for x in n]), ["--field", "n"]),
    "JSON Lines": ("a.txt", lambda n: lines(n, '{"n": "%s"}'), ["--field", "n"]),
    "JSON strings": ("a.txt", lambda n: lines(n, '"%s"'), []),
    "tabs": ("a.txt", lambda n: lines(n, "%s\t7"), []),
    "counts": ("a.txt", lambda n: lines(n, "%s,F,7"), []),
    "a header": ("a.csv", lambda n: "id,n\n" + lines(n, "1,%s"), ["--column", "n"]),
    "no header": ("a.csv", lambda n: lines(n, "%s,1"), ["--column", "1", "--no-header"]),
    "Excel's sep": ("a.dat", lambda n: "sep=;\nname;n\n" + lines(n, "%s;1"), []),
    "pipes": ("a.txt", lambda n: lines(n, "%s|x y"), ["--delimiter", "|", "--column", "1"]),
    "numbers": ("a.txt", lambda n: "\n".join(f"{k}. {x}" for k, x in enumerate(n, 1)), []),
    "bullets": ("a.txt", lambda n: "# mine\n" + lines(n, "* %s"), []),
    "UTF-16": ("a.txt", lambda n: "\n".join(n).encode("utf-16-le"), ["--encoding", "utf-16-le"]),
    "Unicode text": ("a.txt", lambda n: lines(n, "%s\t1").encode("utf-16"), []),
    "lines as asked": ("a.csv", "\n".join, ["--format", "lines"]),
}


def lines(names: list[str], form: str) -> str:
    return "".join(form % name + "\n" for name in names)


@pytest.mark.parametrize(("name", "made", "options"), FILES.values(), ids=FILES)
def test_a_forbidden_name_never_comes_out_whatever_the_file(
    call, trained, write, name, made, options
):
    draw = ["generate", trained, "-n", "30", "--best", "--allow-known", "--length", "4:"]
    likely = call(*draw)[1].split()
    code, out, err = call(*draw, "--forbid", write(made(likely[:4]), name), *options)
    assert code == 0, err
    assert not set(likely[:4]) & set(out.split())
    assert set(likely[4:25]) < set(out.split()), "nothing else is forbidden"


@pytest.mark.parametrize(("name", "made", "options"), FILES.values(), ids=FILES)
def test_a_blocked_string_never_comes_out_whatever_the_file(
    call, trained, write, name, made, options
):
    blocked = ["bula", "gara", "dina", "keraxy"]
    path = write(made(blocked), name)
    code, out, err = call("generate", trained, "-n", "60", "--block", path, *options)
    assert code in (0, 1), err
    assert out
    assert not [text for text in out.split() if any(part in text.lower() for part in blocked)]
    _, free, _ = call("generate", trained, "-n", "200", "--allow-known", "--seed", "1")
    assert any("bula" in text or "gara" in text for text in free.split()), "they would come"


@pytest.mark.parametrize("command", ["score", "evaluate", "compare"])
def test_other_commands_read_the_same_files(call, trained, write, tmp_path, command):
    data = write("1. bula\n2. gara\n3. dina\n")
    plain = write("bula\ngara\ndina\n", "b.txt")
    arguments = {
        "score": lambda path: ["score", trained, path],
        "evaluate": lambda path: ["evaluate", trained, "--samples", "0", "--data", path],
        "compare": lambda path: ["compare", trained, other, "--samples", "0", "--data", path],
    }[command]
    other = tmp_path / "other"
    if command == "compare":
        assert call("train", plain, "--model", "ngram", "--out", other)[0] == 0
        plain.write_text("keran\ngelas\ndolan\n")
        data.write_text("1. keran\n2. gelas\n3. dolan\n")
    wanted = call(*arguments(plain))
    found = call(*arguments(data))
    assert found[:2] == (wanted[0], wanted[1].replace("b.txt", "names.txt"))
    assert "is read without its numbers" in found[2]


def test_options_that_messages_name_exist(call, trained, write):
    old = write("Zoë\n".encode("cp1252"))
    code, _, err = call("generate", trained, "--forbid", old)
    assert (code, "--encoding cp1252" in err) == (1, True)
    assert call("generate", trained, "-n", "1", "--forbid", old, "--encoding", "cp1252")[0] == 0
    code, _, err = call("generate", trained, "--forbid", write("bula\n"), "--column", "1")
    assert (code, "--column is for" in err) == (1, True)
    table = write("a\tb\nc\td\n")
    code, _, err = call("generate", trained, "--forbid", table)
    assert (code, "Choose one with --column" in err) == (1, True)


@pytest.mark.parametrize(
    ("content", "name"), [("", "a.txt"), ("\n", "a.txt"), ("name\n", "a.csv"), ("[]", "a.json")]
)
def test_an_empty_list_excludes_nothing(call, trained, write, content, name):
    draw = ("generate", trained, "-n", "5", "--seed", "1")
    empty = write(content, name)
    for option in ("--forbid", "--block"):
        code, out, err = call(*draw, option, empty)
        assert (code, out) == call(*draw)[:2]
        assert ("'name', as the header" in err) == (name == "a.csv")


def test_a_table_on_standard_input_is_read(call, trained, monkeypatch):
    import io
    import sys

    table = b"n,name\n1,bula\n2,gara\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(table)))
    code, out, err = call("score", trained, "-", "--format", "csv", "--column", "name")
    assert code == 0, err
    assert [line.split("\t")[1] for line in out.splitlines()] == ["bula", "gara"]
