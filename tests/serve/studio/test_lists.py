"""Lists that are brought: stored whole or not at all, under names that are safe everywhere."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import ClientDisconnect

from charloom.serve.studio.lists import Lists, file_name, shown_name
from charloom.serve.studio.place import Place
from helpers.asynchronous import run


def bring(studio: Any, content: bytes, name: str = "towns.txt") -> dict[str, Any]:
    answer = studio.client.post("/studio/lists", params={"name": name}, content=content)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def stored(studio: Any) -> list[str]:
    return sorted(path.name for path in (studio.folder / ".charloom" / "lists").iterdir())


def test_what_is_brought_is_stored_byte_by_byte(studio: Any) -> None:
    content = bytes(range(256)) * 20_000  # several pieces
    found = bring(studio, content, "Städte.csv")
    assert found["name"] == "Städte.csv"
    assert found["bytes"] == len(content)
    folder = studio.folder / ".charloom" / "lists" / found["id"]
    assert (folder / "Städte.csv").read_bytes() == content


def test_lists_come_newest_first(studio: Any) -> None:
    first, second = bring(studio, b"Ulm\n"), bring(studio, b"Bonn\n")
    assert [one["id"] for one in studio.client.get("/studio/lists").json()] == [
        second["id"],
        first["id"],
    ]


def test_the_same_bytes_under_the_same_name_are_one_list(studio: Any) -> None:
    first, again = bring(studio, b"Ulm\n"), bring(studio, b"Ulm\n")
    assert first["id"] == again["id"]
    assert again["brought"] > first["brought"]
    assert len(studio.client.get("/studio/lists").json()) == 1
    assert bring(studio, b"Ulm\n", "other.txt")["id"] != first["id"]
    assert not any(name.startswith(".new") for name in stored(studio))


def test_an_upload_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    lists = Lists(Place(tmp_path))

    async def halves() -> AsyncIterator[bytes]:
        yield b"Ulm\n" * 500_000
        raise ClientDisconnect

    with pytest.raises(ClientDisconnect):
        run(lists.bring(halves(), "towns.txt"))
    assert list((tmp_path / ".charloom" / "lists").iterdir()) == []


def test_an_empty_file_is_refused_in_one_line(studio: Any) -> None:
    answer = studio.client.post("/studio/lists", params={"name": "none.txt"}, content=b"")
    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == (
        "none.txt is empty. Bring a file with one name a line."
    )
    assert stored(studio) == []


def test_a_file_that_is_too_large_is_refused(studio: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from charloom.serve.studio import session

    monkeypatch.setattr(session, "UPLOAD_BYTES", 1_000)
    answer = studio.client.post("/studio/lists", content=b"Ulm\n" * 500)
    assert answer.status_code == 413
    assert stored(studio) == []


def test_what_was_removed_can_be_restored(studio: Any) -> None:
    found = bring(studio, b"Ulm\n")
    address = f"/studio/lists/{found['id']}"
    assert studio.client.delete(address).status_code == 204
    assert studio.client.get("/studio/lists").json() == []
    assert studio.client.get(address).status_code == 404
    assert studio.client.get(f"{address}/look").status_code == 404
    assert studio.client.post(f"{address}/restore").json() == found
    assert studio.client.get("/studio/lists").json() == [found]


def test_what_was_removed_a_day_ago_is_gone_for_good(studio: Any) -> None:
    found = bring(studio, b"Ulm\n")
    studio.client.delete(f"/studio/lists/{found['id']}")
    aside = studio.folder / ".charloom" / "lists" / f".gone-{found['id']}"
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(aside, (long_ago, long_ago))
    bring(studio, b"Bonn\n")
    assert not aside.exists()
    assert studio.client.post(f"/studio/lists/{found['id']}/restore").status_code == 404


def test_the_builtin_list_stays(studio: Any) -> None:
    assert studio.client.delete("/studio/lists/builtin").status_code == 422
    assert studio.client.get("/studio/lists/builtin").json()["run"] == "dinosaurs"


@pytest.mark.parametrize("number", ["..", "%2e%2e", "0" * 16, "..%2f..%2fetc", ".new-0", "x"])
def test_an_id_is_never_a_path(studio: Any, number: str) -> None:
    bring(studio, b"Ulm\n")
    for method, end in (("GET", "/look"), ("DELETE", ""), ("POST", "/restore")):
        answer = studio.client.request(method, f"/studio/lists/{number}{end}")
        assert answer.status_code in (404, 405), (method, end)
    assert len(stored(studio)) == 1


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_is_no_list(studio: Any, tmp_path: Path) -> None:
    found = bring(studio, b"Ulm\n")
    folder = studio.folder / ".charloom" / "lists" / found["id"]
    (folder / "towns.txt").unlink()
    (tmp_path / "secret.txt").write_text("hunter2\n")
    (folder / "towns.txt").symlink_to(tmp_path / "secret.txt")
    assert studio.client.get(f"/studio/lists/{found['id']}/look").status_code == 404


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_nothing_is_stored_through_a_link(studio: Any, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (studio.folder / ".charloom" / "lists").symlink_to(tmp_path / "elsewhere")
    answer = studio.client.post("/studio/lists", content=b"Ulm\n")
    assert answer.status_code == 422
    assert "link" in answer.json()["error"]["message"]
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_damaged_list_is_none_and_can_be_brought_again(studio: Any) -> None:
    found = bring(studio, b"Ulm\n")
    about = studio.folder / ".charloom" / "lists" / found["id"] / ".about.json"
    for damage in ("", "[]", '{"id": 1}', '{"id": "x", "name": "../x", "bytes": 1, "brought": 1}'):
        about.write_text(damage)
        assert studio.client.get("/studio/lists").json() == []
    assert bring(studio, b"Ulm\n")["id"] == found["id"]
    assert len(studio.client.get("/studio/lists").json()) == 1


def test_a_run_gets_a_name_that_is_free(studio: Any) -> None:
    found = bring(studio, b"Ulm\n", "Bad Towns.txt.gz")
    address = f"/studio/lists/{found['id']}"
    assert studio.client.get(address).json()["run"] == "bad-towns"
    (studio.folder / "Bad-Towns").mkdir()
    (studio.folder / "bad-towns-2").mkdir()
    assert studio.client.get(address).json()["run"] == "bad-towns-3"


NAMES = [
    "towns.csv", "../../etc/passwd", "C:\\temp\\a.tsv", "..", ".", "", ".hidden", "con.txt",
    "NUL", "a\0b\n.json", "x" * 500 + ".csv.gz", "\u5b57" * 300 + ".jsonl", "a/b", "\u202egpj.txt",
    "St. Mary's <b>.txt", "lpt1.csv", " . ", "\ud83e\udd96.txt".encode("utf-16", "surrogatepass")
    .decode("utf-16"),
]  # fmt: skip


@pytest.mark.parametrize("given", NAMES)
def test_names_become_safe_and_keep_their_endings(given: str, tmp_path: Path) -> None:
    shown = shown_name(given)
    safe = file_name(shown)
    assert shown.isprintable()
    assert 0 < len(shown) <= 80
    assert safe == Path(safe).name
    assert not safe.startswith(".")
    assert not set(safe) & set('<>:"/\\|?*')
    (tmp_path / safe).write_bytes(b"")  # the file system takes it
    for ending in (".csv.gz", ".csv", ".tsv", ".jsonl", ".json", ".txt"):
        if given.endswith(ending):
            assert safe.endswith(ending)
            break
