"""Files of names: plain text, JSON Lines or Parquet."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

from ..errors.formatting import escaped_json

KINDS = {"text": "txt", "json": "jsonl", "parquet": "parquet"}
"""Each kind of file, and how its name ends."""

Row = tuple[str, float, str]
"""A name, its nats and its origin."""


class Writer:
    """Writes rows to a file that nobody else has.

    Args:
        path: the file.
        kind: one of ``KINDS``.
        more: fields that every line of JSON has beside the row's own.
    """

    def __init__(self, path: Path, kind: str, more: dict[str, Any]) -> None:
        self._file: IO[bytes] = path.open("wb")
        self._more, self._table = more, None
        if kind == "parquet":
            import pyarrow
            import pyarrow.parquet

            fields = [("text", "string"), ("nats", "float64"), ("origin", "string")]
            schema = pyarrow.schema([(name, getattr(pyarrow, of)()) for name, of in fields])
            self._table = pyarrow.parquet.ParquetWriter(self._file, schema)
        self._write: Callable[[Sequence[Row]], None] = getattr(self, f"_{kind}")

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *error: object) -> None:
        try:
            if self._table is not None:
                self._table.close()
        finally:
            self._file.close()

    def add(self, rows: Sequence[Row]) -> None:
        """Write rows."""
        if rows:
            self._write(rows)

    def _text(self, rows: Sequence[Row]) -> None:
        self._file.write("".join(f"{text}\n" for text, _, _ in rows).encode())

    def _json(self, rows: Sequence[Row]) -> None:
        for text, nats, origin in rows:
            fields = {"text": text, "nats": round(nats, 6), "origin": origin, **self._more}
            line = escaped_json(json.dumps(fields, ensure_ascii=False))
            self._file.write(f"{line}\n".encode())

    def _parquet(self, rows: Sequence[Row]) -> None:
        import pyarrow

        columns = [list(column) for column in zip(*rows, strict=True)]
        assert self._table is not None
        self._table.write_table(pyarrow.table(columns, schema=self._table.schema))
