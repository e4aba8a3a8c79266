"""The bin: what is put there comes back as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from charloom.serve.library import UnknownRunError
from charloom.serve.studio import bin as waste
from charloom.serve.studio.place import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder with one run."""
    (tmp_path / "towns").mkdir()
    (tmp_path / "towns" / "model.json").write_text("{}")
    return Place(tmp_path)


def test_what_is_put_into_the_bin_comes_back(place: Place) -> None:
    number = waste.put(place, "towns")
    assert place.names() == []
    assert list(waste.entries(place)) == [number]
    assert waste.restore(place, number) == "towns"
    assert (place.folder / "towns" / "model.json").read_text() == "{}"
    assert not waste.entries(place)


def test_a_run_whose_name_is_taken_by_now_gets_a_number(place: Place) -> None:
    number = waste.put(place, "towns")
    (place.folder / "Towns").mkdir()
    assert waste.restore(place, number) == "towns-2"


@pytest.mark.parametrize("number", ["", "..", "../towns", "0" * 16])
def test_what_is_not_in_the_bin_is_not_restored(place: Place, number: str) -> None:
    with pytest.raises(UnknownRunError):
        waste.restore(place, number)


@pytest.mark.parametrize("name", ["..", ".charloom", "nothing", "a/b"])
def test_what_is_no_run_is_not_put(place: Place, name: str) -> None:
    with pytest.raises(UnknownRunError):
        waste.put(place, name)
