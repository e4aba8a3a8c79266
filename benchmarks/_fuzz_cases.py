"""The cases of the fuzz benchmark: commands on hostile folders, sources, options, environments."""

from __future__ import annotations

import gzip
import hashlib
import json
import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FROZEN = Path(__file__).resolve().parent.parent / "tests" / "frozen"
RUNS = ("ngram", "mixture", "network", "labels", "text", "text_mixture", "tutorial")
OWN_PROCESS = 100
"""One case in so many runs in a process of its own."""

NUMBERS = "0 -0 1 2 -1 1e400 nan inf -inf 99999999999999999999 ٣ 1_0 0x10 1e3 1.5 ½ NULL = 1,2 1:2"
ODD_NUMBERS = ("2147483648", "9" * 5000, "\x1b[31m", "", " 5")
TEXTS = "a Ann saurus é e\u0301 日本 \u202e =cmd() - -- (a+)+$ [ %s{} 😀 \x07 \x1b[2J"
ODD_TEXTS = ("", "a b", "\t", "\n", "x" * 3000, "\udcff")
VALUES = (
    *(None, True, False, 0, -1, 3, 2**63, 10**30, 1.5, -0.0, float("nan"), float("inf")),
    *("", "a", "3", "\x1b[2J", "\u009b31m", "\n", "x" * 5000, "e\u0301", "=cmd()"),
    *([], {}, [1], ["\x07"], {"\x1b": 1}, [[[]]]),
)
LINES = (
    *(b"Ann", b"", b"  Bob ", b"a,b,c", b"a\tb", b"=cmd()", b"\r", b"1e400", b'"open'),
    *(b'{"name": "Eva", "label": "x"}', b'{"name": 5}', b"[" * 3000, b"x" * 70_000, b"\x1b[2J"),
    *(b"Zo\xc3\xab", b"e\xcc\x81", b"\xff\xfe", b"\xef\xbb\xbfMia", b"\xe2\x80\xa8", b"a\x00b"),
)

READING = "--max-line --column --field --encoding"
SAMPLING = "-n --characters --temperature --top-k --top-p --min-p --seed --beam --guidance"
CONSTRAINTS = "--length --max-length --start --end --contains --chars --regex"
FLAGS = {
    "explore": f"--json {READING}",
    "generate": f"--json --explain --best --fold-case --allow-known --allow-repeats --min-edits "
    f"--label --with {SAMPLING} {CONSTRAINTS}",
    "score": f"--json --explain --unknown {READING}",
    "info": "--json",
    "evaluate": f"--json --samples --temperature --seed {CONSTRAINTS}",
    "card": "--json --force --samples --seed",
    "plot": "--json --n --temperatures --text --start",
    "compare": "--json --samples --seed",
    "play": "",
    "train": "--json --resume --force --order --units --layers --embedding --dropout --epochs "
    "--batch-size --window --learning-rate --weight-decay --patience --held-out --canaries "
    "--seconds --seed --keep-epochs --save-seconds --save-steps --keep-checkpoints --min-count "
    f"--label-dropout --recipe --label-column --from {READING}",
    "tune": f"--minutes --trials --folds --seed --min-count --fix {READING}",
}
"""The options of each command that are varied."""

SWITCHES = "--json --explain --best --fold-case --allow-known --allow-repeats --force --resume"
WORDS = (
    "--column --field --encoding --label --with --start --end --contains --chars --regex --unknown "
    "--text --recipe --label-column --from --fix"
)
READERS = "info info generate generate score evaluate card plot play compare"
"""Commands that read a run folder."""

LARGE = {"2147483648", "1e3", "99999999999999999999", "1_0"}
SLOW = {"--max-length", "--min-edits", "--length", "--characters"}
"""Options for which a large value is legal, and takes as long as it says."""

ENVIRONMENT = {
    "COLUMNS": (*NUMBERS.split(), *ODD_NUMBERS),
    "LINES": (*NUMBERS.split(), *ODD_NUMBERS),
    "TERM": ("", "dumb", "x" * 200),
    "CHARLOOM_CACHE_BYTES": tuple(NUMBERS.split()),
    "CHARLOOM_CACHE": ("/dev/null", "/dev/full", "nowhere\n", ""),
    "HOME": ("", "/nowhere"),
    "XDG_CACHE_HOME": ("/dev/null", ""),
    "KERAS_BACKEND": ("", "jax", "nothing"),
    "LC_ALL": ("C", "POSIX", "xx"),
    "PYTHONIOENCODING": ("ascii", "utf-8", "latin-1"),
}


@dataclass
class Case:
    """A command, what it reads, and where it runs."""

    number: int
    rng: random.Random
    folder: Path
    arguments: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    stdin: bytes = b""

    @property
    def own_process(self) -> bool:
        return self.number % OWN_PROCESS == 0


def made(seed: int, number: int, folder: Path) -> Case:
    """Make the case ``number`` in ``folder``."""
    case = Case(number, random.Random(f"{seed}/{number}"), folder)
    rng = case.rng
    (folder / "outside").mkdir(parents=True)
    (folder / "outside" / "kept.txt").write_text("kept\n")
    source = FROZEN / rng.choice(RUNS) / "run"
    shutil.copytree(source, folder / "run")
    (folder / "names.txt").write_bytes((FROZEN / "names.txt").read_bytes())
    kind = rng.choice(("run", "run", "run", "input", "input", "options", "options", "environment"))
    command = rng.choice(list(FLAGS))
    if kind == "run":
        command = rng.choice(READERS.split())
        change_run(rng, folder / "run")
    elif kind == "input":
        command = rng.choice(("explore", "explore", "score", "train", "evaluate", "generate"))
        change_input(rng, folder)
    elif kind == "environment":
        for name in rng.sample(sorted(ENVIRONMENT), rng.randint(1, 3)):
            value = rng.choice(ENVIRONMENT[name]).replace("\0", "")
            case.environment[name] = value
    case.arguments = words(rng, command, folder, hostile=kind == "options")
    case.stdin = rng.choice(
        (b"", b"Ann\nBob\n", b"a\n1\n/t nan\n/new\n/undo\n/quit\n", b"\xff\n\x1b[2J\n")
    )
    return case


def words(rng: random.Random, command: str, folder: Path, *, hostile: bool) -> list[str]:
    """Return a command line; with hostile values, or else one that should work."""
    sources = [path.name for path in folder.iterdir() if path.is_file()]
    found = [command]
    if command in ("explore", "train", "tune"):
        found.append(rng.choice(sources))
    else:
        found.append("run")
    usual = {
        "train": f"--model {rng.choice(('ngram', 'unigram', 'uniform'))} "
        f"--out {rng.choice(('run', 'new', 'new'))}",
        "generate": "-n 3 --seed 1",
        "evaluate": f"--samples {rng.choice('005')}",
        "card": "--samples 5",
        "compare": "run2 --samples 0",
        "plot": f"--json --what {rng.choice(('loss', 'lengths', 'next', 'embedding', 'letters'))}",
    }
    found += usual.get(command, "").split()
    if command == "compare":
        shutil.copytree(FROZEN / "mixture" / "run", folder / "run2")
    if command == "score":
        found.append(rng.choice([*sources, "-"]))
    if command == "train" and rng.random() < 0.3:
        found += ["--as", "text"]
    if command == "evaluate" and rng.random() < 0.5:
        found += ["--data", rng.choice(sources)]
    if command == "generate" and rng.random() < 0.3:
        found += [rng.choice(("--forbid", "--block")), rng.choice(sources)]
    options = FLAGS[command].split()
    for _ in range((rng.randint(1, 3) if hostile else rng.choice((0, 0, 1))) if options else 0):
        option = rng.choice(options)
        if option in SWITCHES.split():
            found.append(option)
            continue
        values: list[str] = ["1", "5"]
        if option in WORDS.split():
            values = [*TEXTS.split(), *ODD_TEXTS] if hostile else ["a", "Ann"]
        elif hostile:
            values = [*NUMBERS.split(), *ODD_NUMBERS]
        value = rng.choice(values)
        if option in SLOW and value in LARGE:
            value = "7"
        found += [option, value] if rng.random() < 0.5 else [f"{option}={value}"]
    return [*found, "--trials", "0"] if command == "tune" else found  # a search takes too long


def change_run(rng: random.Random, run: Path) -> None:
    """Change a run folder, and mostly seal it again."""
    from charloom.errors import CharloomError
    from charloom.storage import sets

    index = run / "model.json"
    for _ in range(rng.randint(1, 2)):
        how = rng.choice(
            ("field", "field", "field", "bytes", "file", "weights", "vocabulary", "text")
        )
        fields = json.loads(index.read_bytes())
        if how == "field":
            facts = fields.get("facts")
            for _ in range(rng.choice((1, 1, 8))):
                change_json(
                    rng, facts if isinstance(facts, dict) and rng.random() < 0.6 else fields
                )
        elif how == "vocabulary" and isinstance(fields.get("vocabulary"), dict):
            characters = fields["vocabulary"].get("characters") or ["a"]
            if isinstance(characters, list):
                characters[rng.randrange(len(characters))] = rng.choice(VALUES)
                if rng.random() < 0.7:
                    characters.sort(key=str)
        elif how in ("bytes", "weights", "text"):
            names = sorted(path.name for path in run.iterdir() if path.is_file() and path != index)
            name = "model.safetensors" if how == "weights" else rng.choice(names)
            data = bytearray((run / name).read_bytes())
            if how == "text":
                data += rng.choice(LINES) + b"\n"
            elif how == "weights" and len(data) > 600:
                place = rng.randrange(len(data) - 200, len(data) - 4)
                data[place : place + 4] = rng.choice(
                    (b"\xff" * 4, b"\0\0\x80\x7f", b"\xff\xff\x7f\x7f", b"\0" * 4)
                )
            elif data:
                data[rng.randrange(len(data))] = rng.randrange(256)
            (run / name).write_bytes(bytes(data))
            files = fields.get("files")
            if isinstance(files, dict) and name in files and rng.random() < 0.9:
                files[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        elif how == "file":
            victim = rng.choice(sorted(path for path in run.iterdir() if path.is_file()))
            if rng.random() < 0.5:
                victim.unlink()
            else:
                victim.write_bytes(victim.read_bytes()[: rng.randrange(200)])
            return
        try:
            index.write_bytes(sets._seal(fields))
        except (CharloomError, ValueError, TypeError):  # what JSON cannot hold
            return


def change_json(rng: random.Random, data: Any) -> None:
    """Change a value somewhere in ``data``."""
    while True:
        keys = list(data) if isinstance(data, dict) else list(range(len(data)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(data[key], dict | list) and data[key] and rng.random() < 0.8:
            data = data[key]
            continue
        if isinstance(data, dict) and rng.random() < 0.15:
            del data[key]
        elif isinstance(data, dict) and rng.random() < 0.15:
            data[rng.choice(("order", "\x1b[2J", "labels", "sources", "x"))] = rng.choice(VALUES)
        else:
            data[key] = rng.choice(VALUES)
        return


def change_input(rng: random.Random, folder: Path) -> None:
    """Write a hostile source in place of the names."""
    lines = [
        rng.choice(LINES) if rng.random() < 0.3 else b"Name%d" % i for i in range(rng.randrange(60))
    ]
    data = rng.choice((b"\n", b"\n", b"\r\n", b"\r")).join(lines)
    (folder / "names.txt").unlink()
    ending = rng.choice((".txt", ".txt", ".csv", ".tsv", ".jsonl", ".txt.gz", ".csv.gz", ".gz", ""))
    if ending.endswith("gz"):
        data = gzip.compress(data)
        if rng.random() < 0.3:
            data = data[: rng.randrange(len(data))]
    (folder / f"source{ending}").write_bytes(data)
