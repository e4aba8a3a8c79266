"""Progress in a notebook is one output, escaped; elsewhere there is none."""

from __future__ import annotations

import pytest

from charloom import NameCorpus, fit
from charloom.notebook import watch
from charloom.training.events import Warned

NAMES = ["<b>Ann", "<b>Anna", "<b>Hanna", "<b>Nanna"] * 5


class ZMQInteractiveShell:
    """What the kernel of a notebook calls its shell."""


@pytest.fixture
def updates(monkeypatch):
    """What is displayed, as in a notebook."""
    displays = pytest.importorskip("IPython.display")
    shown = []

    class Handle:
        def update(self, bundle, raw):
            shown.append(bundle)

    def display(bundle, raw, display_id):
        shown.append(bundle)
        return Handle()

    monkeypatch.setattr("IPython.get_ipython", ZMQInteractiveShell)
    monkeypatch.setattr(displays, "display", display)
    return shown


def test_events_are_passed_on_and_nothing_is_shown_elsewhere(capsys):
    events = list(watch(fit(NAMES, kind="ngram", seed=1), NAMES))
    assert [type(event).__name__ for event in events][-1] == "Finished"
    assert capsys.readouterr() == ("", "")


def test_a_training_is_one_output_with_a_table(updates, capsys):
    *_, last = watch(fit(NAMES, kind="ngram", seed=1), NAMES)
    assert updates[0]["text/plain"] == "preparing"
    page = updates[-1]["text/html"]
    assert page.count("<tr>") == 2
    assert f"Finished {last.epoch} epoch in" in page and 'value="1.000"' in page
    assert "<b>" not in page
    assert "&lt;b&gt;" in page  # the new names
    assert f"epoch {last.epoch}  loss " in updates[-1]["text/plain"]
    assert capsys.readouterr() == ("", "")


def test_without_the_corpus_there_are_losses_only(updates):
    list(watch(fit(NameCorpus.of(NAMES), kind="ngram", seed=1)))
    assert "held-out" in updates[-1]["text/html"]
    assert "new strings" not in updates[-1]["text/html"]


def test_a_warning_is_shown_harmless(updates, monkeypatch):
    monkeypatch.setattr("charloom.reporting.in_notebooks.EVERY", 0.0)
    list(watch(iter([Warned(message="a <script>\x1b[2J")])))
    assert "a &lt;script&gt;\\x1b[2J" in updates[-1]["text/html"]


def test_what_is_abandoned_ends():
    ended = []

    def events():
        try:
            yield Warned(message="a")
            yield Warned(message="b")
        finally:
            ended.append(True)

    watched = watch(events())
    next(watched)
    watched.close()
    assert ended
