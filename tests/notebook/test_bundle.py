"""The widgets' pages: modules joined into one, and the studio's style for a part of a page."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

pytest.importorskip("anywidget")

from charloom.notebook import bundle


@pytest.fixture
def modules(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "OWN", tmp_path / "own")
    monkeypatch.setattr(bundle, "STUDIO", tmp_path / "studio")
    monkeypatch.setattr(bundle, "style", lambda: "b { color: red }")
    bundle.module.cache_clear()
    for name, code in {
        "studio/lib.js": 'import { a, b as c } from "./deep/one.js";\n'
        "const own = c + 1;\nexport { a, own as other };\n",
        "studio/deep/one.js": "export const a = 1;\nconst own = 2;\nexport { own as b };\n",
        "studio/deep/two.js": 'import { other } from "../lib.js";\n'
        "export function twice(x) { return 2 * x * other; }\nexport class K {}\n",
        "studio/api.js": "export const api = 'studio';\n",
        "own/api.js": "export const api = 'own';\n",
        "own/main.js": 'import {\n  a,\n  other,\n} from "./lib.js";\n'
        'import { twice } from "./deep/two.js";\nimport { api } from "./api.js";\n'
        'import { STYLE } from "./style.js";\nconst own = 5;\n'
        "export const render = () => [a, other, twice(3), api, own, STYLE].join();\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    yield
    bundle.module.cache_clear()


def test_modules_become_one_that_does_the_same(modules, tmp_path):
    if shutil.which("node") is None:
        pytest.skip("needs node")
    joined = tmp_path / "joined.mjs"
    joined.write_text(bundle.module("main.js"))
    call = f"import('{joined.as_uri()}').then((found) => console.log(found.default.render()))"
    done = subprocess.run(["node", "-e", call], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "1,3,18,own,5,b { color: red }", done.stderr


def test_each_module_is_in_it_once(modules):
    assert bundle.module("main.js").count("const a = 1;") == 1


@pytest.mark.parametrize("name", ["wall.js", "play.js"])
def test_a_widgets_module_imports_nothing_and_asks_nobody(name):
    code = bundle.module(name)
    assert not re.search(r"^import |\bfetch\(|\bEventSource\(|\bimport\(", code, re.MULTILINE)
    assert code.count("export ") == 1
    assert "https://" not in code.replace("http://www.w3.org", "")


@pytest.mark.parametrize("name", ["wall.js", "play.js"])
def test_what_a_module_imports_is_there(name):
    code = bundle.module(name)
    parts = re.split(r"^const (\$module\d+) = ", code, flags=re.MULTILINE)[1:]
    there = {}
    for held, part in zip(parts[::2], parts[1::2], strict=True):
        for names, other in re.findall(r"^const \{([^}]*)\} = (\$module\d+);$", part, re.MULTILINE):
            assert {one.split(":")[0].strip() for one in names.split(",")} - {""} <= there[other]
        exported = re.findall(r"^return \{ (.*) \};$", part, re.MULTILINE)[-1]
        there[held] = {one.split(":")[0].strip() for one in exported.split(",")}
    assert len(there) > 3


def test_the_style_is_that_of_a_part_of_a_page():
    style = bundle.style()
    assert ":root" not in style and "\nbody {" not in style
    assert ':host([data-theme="dark"]) {' in style
    assert ':host(:not([data-theme="light"])) {' in style
    assert "@container (min-width" in style and "@media (min-width" not in style
    assert "@media (prefers-color-scheme: dark)" in style
