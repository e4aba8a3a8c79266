"""Packages import only what lies below them, modules never import each other, and few files
import a heavy library."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import charloom

SOURCE = Path(__file__).parents[2] / "src" / "charloom"

LAYERS = [
    {"__main__"},
    {"cli"},
    {"notebook"},
    {"serve", "sklearn"},
    {"__init__"},
    {"export"},
    {"api"},
    {"reporting"},
    {"evaluation", "tuning", "cluster"},
    {"training", "generation"},
    {"run"},
    {"models"},
    {"data"},
    {"storage"},
    {"config"},
    {"errors"},
    {"_version"},
]
"""From the top down; packages of one layer do not import each other."""

LEVEL = {package: level for level, layer in enumerate(LAYERS) for package in layer}

FRAMEWORKS = {"keras", "jax", "jaxlib", "tensorflow", "torch"}
MAY_USE_FRAMEWORKS = {
    "export/keras.py",
    "export/saved_model.py",
    "models/rnn/jax_products.py",
    "models/rnn/jax_recurrence.py",
    "models/rnn/jax_model.py",
    "models/rnn/keras.py",
    "training/engines/jax.py",
    "training/engines/jax_halves.py",
    "training/engines/jax_processes.py",
    "training/engines/jax_rows.py",
    "training/engines/keras.py",
    "training/engines/steps/jax_step.py",
    "training/engines/steps/tensorflow_step.py",
    "training/engines/steps/torch_step.py",
}

FILES = sorted(SOURCE.rglob("*.py"))


def package_of(path: Path) -> str:
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


def test_every_package_has_its_layer():
    assert {package_of(path) for path in FILES} == set(LEVEL)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_a_package_imports_only_what_lies_below_it(path):
    package = package_of(path)
    for line, module in imports_of(path):
        parts = module.split(".")
        if parts[0] != "charloom":
            continue
        other = parts[1] if len(parts) > 1 else package
        lower = other == package or LEVEL[other] > LEVEL[package]
        assert lower, f"{path.name}:{line} imports {module}"


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


# Cycles


def at_run_time(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node of a file but what stands under ``if TYPE_CHECKING``, functions included."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            child = ast.Module(child.orelse, [])
        yield child
        yield from at_run_time(child)


def import_graph(source: Path) -> dict[str, set[str]]:
    """Which modules of the package in ``source`` each of them imports, lazy imports included."""
    paths = {
        ".".join((source.name, *path.relative_to(source).with_suffix("").parts)): path
        for path in source.rglob("*.py")
    }
    modules = {name.removesuffix(".__init__"): path for name, path in paths.items()}
    graph: dict[str, set[str]] = {}
    for module, path in modules.items():
        package = module.split(".")[: None if path.stem == "__init__" else -1]
        graph[module] = set()
        for node in at_run_time(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                graph[module] |= {alias.name for alias in node.names} & modules.keys()
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else []
                origin = ".".join([*base, *([node.module] if node.module else [])])
                names = {f"{origin}.{alias.name}" for alias in node.names}
                graph[module] |= names & modules.keys()
                if origin in modules and names - modules.keys():
                    graph[module].add(origin)
    return graph


def cycles(graph: dict[str, set[str]]) -> set[frozenset[str]]:
    """The largest sets of modules that all import each other, directly or through others."""
    reached = {}
    for module in graph:
        reached[module], waiting = set(), [module]
        while waiting:
            new = graph[waiting.pop()] - reached[module]
            reached[module] |= new
            waiting += new
    return {
        frozenset({other for other in reached[module] if module in reached[other]})
        for module in graph
        if module in reached[module]
    }


def test_no_modules_import_each_other():
    assert not cycles(import_graph(SOURCE)), "Move what both need to a third module."


def test_a_cycle_is_found_through_lazy_imports_and_not_through_those_for_types(tmp_path):
    def write(name: str, code: str) -> None:
        path = tmp_path / "made" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)

    write("__init__.py", "")
    write("one.py", "from .two import f\n")
    write("two.py", "def f():\n    from .inner import three\n")
    write("inner/__init__.py", "from .three import g\n")
    write("inner/three.py", "def g():\n    import made.one\n")
    write(
        "four.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from . import five\n"
    )
    write("five.py", "from .four import h\nfrom .inner import g\n")
    write("six/__init__.py", "from .seven import x\n")
    write("six/seven.py", "from . import y\n")
    graph = import_graph(tmp_path / "made")
    assert graph["made.five"] == {"made.four", "made.inner"}
    assert cycles(graph) == {
        frozenset({"made.one", "made.two", "made.inner.three"}),
        frozenset({"made.six", "made.six.seven"}),
    }


# Names


def test_no_module_of_the_root_shares_its_name_with_something_public():
    modules = {path.stem for path in SOURCE.iterdir()} - {"__init__", "__main__", "__pycache__"}
    assert not modules & set(charloom.__all__)


def test_the_source_has_at_most_21_entries_at_the_top():
    no_code = {"__pycache__", "py.typed"}
    entries = [path.name for path in SOURCE.iterdir() if path.name not in no_code]
    assert len(entries) <= 21


# What is loaded


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
