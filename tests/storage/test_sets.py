"""A single file is written whole, where its links lead, and never in place of a device."""

from __future__ import annotations

import os
import stat

import pytest

from charloom.errors import RunError
from charloom.storage import write_file


def test_a_file_is_written_where_its_links_lead(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "page").write_bytes(b"before")
    (tmp_path / "link").symlink_to(tmp_path / "far" / "page")
    write_file(tmp_path, "link", b"after")
    assert (tmp_path / "link").is_symlink()
    assert [p.read_bytes() for p in (tmp_path / "far").iterdir()] == [b"after"]


def test_nothing_but_a_file_is_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "link", "folder"):
        with pytest.raises(RunError, match=f"{name} is not a regular file. Pass another file."):
            write_file(tmp_path, name, b"")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
