"""Invisible characters, and lookalikes of the space and the hyphen, do not make two names of one;
where they have an effect, they stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom import NameCorpus, TextCorpus
from charloom.data.invisible import clean, has_suspects
from charloom.data.lists import read_texts
from charloom.data.unicode import cleaned, suitable_unit
from charloom.errors import CorpusError
from helpers.sources import Write

NOISE = [
    0xAD, 0x34F, 0x61C, 0x17B4, 0x200B, 0x200C, 0x200D, 0x200E, 0x200F, 0x202A, 0x202C, 0x202E,
    0x2060, 0x2063, 0x2066, 0x2069, 0x206A, 0xFEFF, 0xFFF9, 0xFE00, 0xFE0E, 0xFE0F, 0x180B,
    0x180E, 0x115F, 0x1160, 0xE0001, 0xE0061, 0xE0100, 0x1D173,
]  # fmt: skip
SPACES = [0xA0, 0x2000, 0x2002, 0x2007, 0x2009, 0x200A, 0x202F, 0x205F, 0x3000, 0x3164, 0xFFA0]
PLAIN = ("Anna Maria", "Łódź", "Ольга", "Ναύπακτος", "이서연", "ก้อง", "אברהם")

STAY = {
    "a family": "👩\u200d👩\u200d👧",
    "a profession": "👩🏽\u200d🚀",
    "a flag with a rainbow": "🏳\ufe0f\u200d🌈",
    "a flag of tags": "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "a heart as emoji": "❤\ufe0f",
    "a heart as text": "❤\ufe0e",
    "a key": "1\ufe0f\u20e3",
    "Persian": "می\u200cخواهم",
    "Persian, two words": "علی\u200cرضا محمد\u200cعلی",
    "Devanagari, half form": "क्\u200dष",
    "Devanagari, no ligature": "क्\u200cष",
    "Bengali ya-phalaa": "র\u200d্য",
    "Malayalam chillu at the end": "രാജന്\u200d",
    "Sinhala": "ශ්\u200dරී",
    "a variant of an ideograph": "葛\U000e0100城",
    "Mongolian": "ᠠ\u180bᠨ",
    "old Hangul": "\u115f\u1161\u11a8",
    "Braille": "⠁⠃\u2800⠉",
}

GO = {
    "joiner between Latin letters": ("An\u200dna", "Anna"),
    "non-joiner between Latin letters": ("Auf\u200clage", "Auflage"),
    "non-joiner at the end": ("سارا\u200c", "سارا"),
    "non-joiner before a space": ("می\u200c خ", "می خ"),
    "second non-joiner": ("می\u200c\u200cخ", "می\u200cخ"),
    "joiner in Arabic, which joins anyway": ("ع\u200dلی", "علی"),
    "joiner in Thai": ("ก\u200dข", "กข"),
    "joiner after an emoji": ("👩\u200d", "👩"),
    "joiner before an emoji": ("\u200d👩", "👩"),
    "selector after what is an emoji anyway": ("👩\ufe0f", "👩"),
    "selector after a letter": ("A\ufe0fb", "Ab"),
    "selector after a digit": ("1\ufe0f", "1"),
    "second selector": ("❤\ufe0f\ufe0f", "❤\ufe0f"),
    "tags without a flag": ("A\U000e0067\U000e007f", "A"),
    "byte-order mark inside": ("An\ufeffna", "Anna"),
    "direction marks": ("\u202aAnna\u202c \u2067אב\u2069", "Anna אב"),
    "between a letter and its accent": ("e\u200b\u0301", "é"),
    "spaces around": ("\u00a0Anna\u3000", "Anna"),
    "two spaces": ("Anna\u00a0 Maria", "Anna Maria"),
    "between two spaces": ("Anna \u200b Maria", "Anna Maria"),
    "hyphens": ("Jean\u2011Pierre Anne\u2010Marie", "Jean-Pierre Anne-Marie"),
    "Braille's space elsewhere": ("Anna\u2800Maria\u2800", "Anna Maria"),
    "Hangul filler": ("\u3164이서연", "이서연"),
}


@pytest.mark.parametrize("name", STAY.values(), ids=STAY)
def test_what_has_an_effect_stays(name: str) -> None:
    corpus = NameCorpus.of([name, "Anna"], unit="character")
    assert corpus.names[0] == name
    assert not corpus.report.notes


@pytest.mark.parametrize(("name", "seen"), GO.values(), ids=GO)
def test_what_has_no_effect_goes(name: str, seen: str) -> None:
    assert NameCorpus.of([name, seen], unit="character").names == (seen,)


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("point", NOISE, ids=hex)
def test_noise_anywhere_in_a_name_makes_no_other_name(name: str, point: int) -> None:
    noisy = [name[:i] + chr(point) + name[i:] for i in range(len(name) + 1)]
    assert NameCorpus.of([name, *noisy]).names == (name,)


@pytest.mark.parametrize("point", SPACES, ids=hex)
def test_every_space_is_the_ordinary_one(point: int) -> None:
    space = chr(point)
    names = [f"Anna{space}Maria", f"{space}Anna{space}{space}Maria{space}", "Anna Maria"]
    assert NameCorpus.of(names).names == ("Anna Maria",)


@given(st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    once = cleaned(text)
    assert cleaned(once) == once


@given(st.text(st.sampled_from("aé ‌‍❤\ufe0f👩\u200b\u00a0क्षسارا")))
def test_a_character_that_may_change_is_one_that_is_looked_for(text: str) -> None:
    assert clean(text) == text or has_suspects(text)


def test_two_plain_spaces_are_left_alone() -> None:
    assert NameCorpus.of(["Anna  Maria"]).names == ("Anna  Maria",)


def test_the_report_counts_the_names_and_the_characters_in_one_line() -> None:
    corpus = NameCorpus.of(["An\u200bna", "Be\u200br\u200bta", "Ida\u00a0Rose", "\u200b", "Dora"])
    (note,) = corpus.report.notes
    assert note.startswith("4 names had invisible characters")
    assert "U+200B ZERO WIDTH SPACE (3), U+00A0 NO-BREAK SPACE (1)" in note
    assert "--keep-invisible" in note
    assert note.isprintable()
    assert corpus.report.blank == 1


def test_many_kinds_of_characters_are_still_one_line() -> None:
    (note,) = NameCorpus.of([f"A{chr(point)}b" for point in NOISE]).report.notes
    assert len(note) < 400
    assert f"and {len(NOISE) - 5} more" in note


def test_on_request_everything_is_kept() -> None:
    names = ("An\u200bna", "Anna", "Anna\u00a0Maria", "a\u00adb", "👩\u200d")
    corpus = NameCorpus.of(names, keep_invisible=True)
    assert corpus.names == names
    assert corpus.report.keep_invisible
    assert not corpus.report.notes


def test_labels_are_cleaned_too(write: Write) -> None:
    table = write("n,k\nAnna,Ro\u200bman\nBerta,Roman\nCarla,\u00a0Roman\n", "a.csv")
    corpus = NameCorpus.read(table, column="n", label_column="k")
    assert corpus.label_names == ("Roman",)


def test_a_column_is_found_by_what_its_name_looks_like(write: Write) -> None:
    table = write("\u200bfirst\u00a0name,k\nAnna,1\nBerta,2\n", "a.csv")
    assert NameCorpus.read(table, column="first name").names == ("Anna", "Berta")


@pytest.mark.parametrize("keep", [False, True])
def test_a_large_list_is_read_like_a_short_one(
    write: Write, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, keep: bool
) -> None:
    monkeypatch.setenv("CHARLOOM_CACHE", str(tmp_path / "cache"))
    names = [
        *PLAIN,
        *STAY.values(),
        *(pair[0] for pair in GO.values()),
        *(p[1] for p in GO.values()),
    ]
    path = write("\n".join([*names, *(f"{n}{chr(p)}a" for n in PLAIN for p in [*NOISE, *SPACES])]))
    small = NameCorpus.read(path, unit="character", keep_invisible=keep)
    for _ in range(2):  # from the source, then from the cache
        large = NameCorpus.read(path, unit="character", keep_invisible=keep, large_bytes=0)
        assert large.is_large
        assert tuple(large.names) == small.names
        assert large.report == small.report


def test_lists_of_texts_are_cleaned_and_say_so(write: Write) -> None:
    notes: list[str] = []
    path = write("An\u200bna\nAnna\n\u2060\n")
    assert read_texts(path, warn=notes.append) == ["Anna", "Anna"]
    assert len(notes) == 1
    assert read_texts(path, keep_invisible=True) == ["An\u200bna", "Anna", "\u2060"]


def test_a_list_of_nothing_visible_holds_no_names() -> None:
    with pytest.raises(CorpusError, match="holds no names"):
        NameCorpus.of(["\u200b", "\u2060\u00ad", "\u3164"])


def test_text_keeps_its_characters_and_says_which_are_invisible() -> None:
    text = "so\u00adme text\u00a0with \ufeffa mark and ❤\ufe0f" * 3
    corpus = TextCorpus.of(text)
    assert corpus.vocabulary.decode(corpus.ids(0, len(corpus))) == text
    (warning,) = [w for w in corpus.report.warnings if "invisible" in w]
    assert "U+00AD SOFT HYPHEN (3), U+FEFF ZERO WIDTH NO-BREAK SPACE (3)" in warning
    assert "U+00A0" not in warning


EMOJI = ["👨\u200d👩\u200d👧🇩🇪", "👩\u200d👧🇮🇹", "👍🏽ok", "1\ufe0f\u20e3st", "🇫🇷 Paris"]


def test_emoji_of_several_code_points_make_the_unit_the_grapheme() -> None:
    corpus = NameCorpus.of([*EMOJI, "Anna", "Berta"])
    assert corpus.unit == "grapheme"
    assert "👨\u200d👩\u200d👧" in corpus.vocabulary.characters
    (note,) = corpus.report.notes
    assert "5 names have emoji of several code points" in note
    assert "--token-unit character" in note


@pytest.mark.parametrize("unit", ["character", "grapheme"])
def test_a_unit_that_is_given_wins(unit: str) -> None:
    corpus = NameCorpus.of([*EMOJI, "Anna"], unit=unit)
    assert corpus.unit == unit
    assert not corpus.report.notes


def test_a_few_emoji_change_nothing() -> None:
    names = [*EMOJI[:3], *(f"name{i}" for i in range(50))]
    assert suitable_unit(names) == ("character", None)
    many = [*EMOJI, *(f"name{i}" for i in range(5000))]
    assert suitable_unit(many) == ("character", None)


def test_letters_of_several_code_points_suggest_graphemes_and_keep_code_points() -> None:
    unit, note = suitable_unit(["अंकिता", "कुमार", "प्रिया", "सीता", "Anna"])
    assert unit == "character"
    assert note is not None
    assert "4 names" in note
    assert "--token-unit grapheme" in note


@pytest.mark.parametrize(
    "names", [["é", "ü", "ñ", "ç", "Łódź"], ["이서연", "김", "박", "최", "정"]]
)
def test_letters_that_nfc_composes_are_single_code_points(names: list[str]) -> None:
    corpus = NameCorpus.of(names)
    assert corpus.unit == "character"
    assert not corpus.report.notes
