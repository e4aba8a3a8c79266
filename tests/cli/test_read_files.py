"""Every command reads its files alike: their content counts, and the same options apply."""

from __future__ import annotations

import json

import pytest

BANNED = ("bula", "gena", "doras")
FORMS = {
    "plain lines": ("a.txt", "\n".join(BANNED), []),
    "a JSON array": ("a.json", json.dumps(BANNED, indent=2), []),
    "a JSON array in one line": ("a.txt", json.dumps(BANNED), []),
    "JSON Lines": ("a.txt", "\n".join(json.dumps({"n": name}) for name in BANNED), ["--field", "n"]),
    "JSON strings": ("a.txt", "\n".join(map(json.dumps, BANNED)), []),
    "tabs": ("a.txt", "".join(f"{name}\t7\n" for name in BANNED), []),
    "a table of counts": ("a.txt", "".join(f"{name},F,7\n" for name in BANNED), []),
    "a table with a header": ("a.csv", "id,n\n" + "".join(f"1,{n}\n" for n in BANNED), ["--column", "n"]),
    "a table without": ("a.csv", "".join(f"{n},1\n" for n in BANNED), ["--column", "1", "--no-header"]),
    "semicolons": ("a.dat", "sep=;\nname;n\n" + "".join(f"{n};1\n" for n in BANNED), []),
    "numbers": ("a.txt", "".join(f"{k}. {n}\n" for k, n in enumerate(BANNED, 1)), []),
    "bullets": ("a.txt", "# mine\n" + "".join(f"* {n}\n" for n in BANNED), []),
    "another encoding": ("a.txt", "\n".join(BANNED).encode("utf-16-le"), ["--encoding", "utf-16-le"]),
    "Unicode text": ("a.txt", "".join(f"{n}\t1\n" for n in BANNED).encode("utf-16"), []),
    "lines as asked": ("a.csv", "\n".join(BANNED), ["--format", "lines"]),
}  # fmt: skip


@pytest.fixture(scope="module")
def every(call_module, trained_module):
    return trained_module


@pytest.mark.parametrize(("name", "data", "options"), FORMS.values(), ids=FORMS)
def test_a_forbidden_name_never_comes_out_whatever_the_file(
    call, trained, write, name, data, options
):
    path = write(data, name)
    drawn = ["generate", trained, "-n", "40", "--best", "--allow-known", "--length", "4:5"]
    every = call(*drawn)[1].split()
    assert every
    content = data.decode("utf-16") if isinstance(data, bytes) and data[:1] == b"\xff" else data
    del content
    banned = set(every[:3])
    swap = dict(zip(BANNED, every[:3], strict=True))
    raw = path.read_bytes()
    for old, new in swap.items():
        for codec in ("utf-8", "utf-16-le"):
            raw = raw.replace(old.encode(codec), new.encode(codec))
    path.write_bytes(raw)
    code, out, err = call(*drawn, "--forbid", path, *options)
    assert code in (0, 1), err
    assert not banned & set(out.split())
    assert set(every[3:20]) <= set(out.split()), "nothing else is forbidden"
