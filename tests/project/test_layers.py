"""Who may know whom: rooms import only what lies below them, and heavy libraries stay put."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "charloom"

LAYERS = [
    {"__main__"},
    {"cli"},
    {"__init__"},
    {"api"},
    {"reporting"},
    {"evaluation", "tuning"},
    {"training", "generation"},
    {"run"},
    {"models"},
    {"data"},
    {"storage"},
    {"config"},
    {"errors", "_version"},
]
"""From the top down; rooms of one layer do not import each other."""

LEVEL = {room: level for level, layer in enumerate(LAYERS) for room in layer}

FRAMEWORKS = {"keras", "jax", "jaxlib", "tensorflow", "torch"}
MAY_USE_FRAMEWORKS = {
    "models/rnn/jax_recurrence.py",
    "models/rnn/jax_model.py",
    "models/rnn/keras.py",
    "training/engines/jax.py",
    "training/engines/keras.py",
    "training/engines/steps/jax_step.py",
    "training/engines/steps/tensorflow_step.py",
    "training/engines/steps/torch_step.py",
}

FILES = sorted(SOURCE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> list[tuple[int, str]]:
    """Every module that a file imports, absolute, wherever in the file it does so."""
    package = ("charloom", *path.relative_to(SOURCE).parent.parts)
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join((*base, *([node.module] if node.module else [])))
            if module == "charloom":
                found += [(node.lineno, f"charloom.{alias.name}") for alias in node.names]
            else:
                found.append((node.lineno, module))
    return found


def test_every_room_has_its_layer():
    assert {room_of(path) for path in FILES} == set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_room_imports_only_what_lies_below_it(path):
    room = room_of(path)
    for line, module in imports_of(path):
        parts = module.split(".")
        if parts[0] != "charloom":
            continue
        other = parts[1] if len(parts) > 1 else room
        assert other == room or LEVEL[other] > LEVEL[room], f"{path.name}:{line} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_only_the_files_for_a_framework_import_it(path):
    used = {module.split(".")[0] for _, module in imports_of(path)} & FRAMEWORKS
    if used:
        assert path.relative_to(SOURCE).as_posix() in MAY_USE_FRAMEWORKS


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_file_says_its_subject_first_and_keeps_to_it(path):
    text = path.read_text("utf-8")
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 400


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after ``code``."""
    script = f"{code}\nimport sys; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split("\n")[-2].split())


def test_importing_charloom_loads_no_framework():
    loaded = loaded_by("import charloom, charloom.evaluation, charloom.generation")
    assert "numpy" in loaded
    assert not loaded & {*FRAMEWORKS, "matplotlib", "rich", "click", "regex", "safetensors"}


def test_help_needs_neither_numpy_nor_a_framework():
    loaded = loaded_by(
        "import sys; sys.argv = ['charloom', '--help']\n"
        "from charloom.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass"
    )
    assert "click" in loaded
    assert not loaded & {*FRAMEWORKS, "numpy", "rich"}


def test_a_few_names_without_rules_need_neither_them_nor_what_long_lists_and_threads_do(trained):
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "charloom", "generate", str(trained), "-n", "1"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "charloom.generation.search.walk" in loaded
    assert not loaded & {
        *(
            "charloom.generation.constraints.automaton",
            "charloom.data.encoded.sequences",
            "charloom.data.names",
        ),
        *("numpy.random", "concurrent.futures", "rich"),
    }
