"""Bytes to text: files and standard input, gzipped or not, in any encoding that Python knows."""

from __future__ import annotations

import codecs
import gzip
import io
import math
import sys
import unicodedata
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import BinaryIO, cast

from ...errors import CorpusError

STDIN = "-"
"""The source that stands for standard input."""

CHUNK_BYTES = 256 * 1024
"""Bytes that are read at once."""

MOST_RATIO = 1032
"""Bytes that a byte of gzip data can become, at most."""

_SNIFFED_BYTES = 64 * 1024
_GUESSES = (
    *("utf-8", "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256"),
    *("cp932", "gb18030", "big5", "euc_kr", "euc_jp", "koi8-r", "mac-roman"),
)  # common encodings, the likelier first: text with few accents is valid in nearly all of them
_FEW = 4  # bytes beyond ASCII from which a language is hardly recognised, ...
_ALIKE = 0.1  # ... so a difference in coherence of so much says nothing
_IN_WORDS = "’·–"


def label(source: str | Path) -> str:
    """Return the name of ``source`` in messages: its path, escaped if it is not printable."""
    text = str(source)
    if text == STDIN:
        return "standard input"
    return text if text and text.isprintable() else repr(text)


@contextmanager
def opened(source: str | Path, stdin: BinaryIO | None = None) -> Iterator[BinaryIO]:
    """Open a file for its bytes, or ``stdin`` (default: the process's) if ``source`` is ``-``.

    Raises:
        CorpusError: it cannot be opened, or it could not be read in this context.
    """
    name = label(source)
    try:
        with _stream(source, stdin) as raw:
            yield raw
    except EOFError:
        raise CorpusError(
            f"{name} is cut short: its gzip data ends early. Copy it again."
        ) from None
    except (gzip.BadGzipFile, zlib.error):
        raise CorpusError(
            f"{name} is not a valid gzip file. Copy it again, or remove the ending .gz."
        ) from None
    except FileNotFoundError:
        raise CorpusError(f"{name} does not exist. Check the path.") from None
    except IsADirectoryError:
        raise CorpusError(f"{name} is a folder. Name the files in it.") from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise CorpusError(f"{name} cannot be read: {why}. Check the file and its rights.") from None


def are_large(
    sources: Sequence[str | Path], stdin: BinaryIO | None, size: int, max_line_bytes: int
) -> tuple[bool, BinaryIO | Rejoined | None]:
    """Return whether ``sources`` hold ``size`` bytes together, and what to read as ``stdin``.

    Standard input is read ahead as far as needed; CorpusError if it cannot be read.
    """
    found = sum(_size(source, size) for source in sources)
    if STDIN not in map(str, sources):
        return found >= size, stdin
    ahead = io.BytesIO()
    with opened(STDIN, stdin) as stream:
        # at least a chunk, so that its beginning can be looked at
        while max(size - found, CHUNK_BYTES - ahead.tell()) > 0 and (
            chunk := stream.read(CHUNK_BYTES)
        ):
            found += ahead.write(chunk)
            if len(chunk) > max_line_bytes and b"\n" not in chunk and b"\r" not in chunk:
                found = 0  # a line that is too long, which is refused later
                break
    ahead.seek(0)
    return found >= size, Rejoined(ahead, stream)


def _size(source: str | Path, enough: int) -> int:
    """Return the bytes of a file's text, 0 if unknown; of a packed one, up to ``enough``."""
    try:
        size = 0 if str(source) == STDIN else Path(source).stat().st_size
        if not is_packed(source) or not size or size >= enough or size * MOST_RATIO < enough:
            return size
        size = 0
        with gzip.open(source) as file:
            while size < enough and (chunk := file.read(CHUNK_BYTES)):
                size += len(chunk)
        return size
    except (OSError, ValueError, EOFError, zlib.error):  # reported when it is read
        return 0


class Rejoined(io.RawIOBase):
    """A stream of which a part was read ahead."""

    def __init__(self, ahead: BinaryIO, rest: BinaryIO) -> None:
        self._ahead, self._rest = ahead, rest

    def read(self, size: int = -1, /) -> bytes:
        """Read as the stream would."""
        return self._ahead.read(size) or self._rest.read(size)

    def rewind(self) -> None:
        """Start again, if no more was read than what was read ahead."""
        self._ahead.seek(0)


def is_packed(source: str | Path) -> bool:
    """Return whether the source's ending is .gz."""
    return Path(source).suffix.lower() == ".gz"


def pieces(
    source: str | Path,
    encoding: str | None,
    stdin: BinaryIO | None,
    line: Callable[[], int],
    *,
    chunk_bytes: int = CHUNK_BYTES,
    max_unpacked_bytes: float = math.inf,
    tap: Callable[[BinaryIO], BinaryIO] | None = None,
) -> Iterator[str]:
    r"""Yield the decoded text of a source, unpacked, without byte-order mark; lines end in \n.

    Args:
        source: a path, or ``-`` for standard input.
        encoding: of the text; ``None`` is strict UTF-8, or UTF-16 or UTF-32 by their marks.
        stdin: replaces the process's own.
        line: returns the number of the line in which the next piece begins; for errors.
        chunk_bytes: bytes that are read at once.
        max_unpacked_bytes: largest text that a gzip file may hold.
        tap: takes the opened source and returns the stream to read in its place.

    Raises:
        CorpusError: the source cannot be opened, unpacked or decoded.
    """
    name, packed = label(source), is_packed(source)
    breaks = io.IncrementalNewlineDecoder(None, translate=True)

    def line_after(text: str) -> int:
        return line() + breaks.decode(text, final=True).count("\n")

    with opened(source, stdin) as raw:
        decoder = _Decoder(name, encoding)
        stream = raw if tap is None else tap(raw)
        if packed:
            stream = cast(BinaryIO, gzip.GzipFile(fileobj=stream))
        while True:
            chunk = stream.read(chunk_bytes) or b""
            if packed and decoder.offset + len(chunk) > max_unpacked_bytes:
                raise CorpusError(
                    f"{name} unpacks to over {max_unpacked_bytes:,} bytes. "
                    "Unpack it if you trust it."
                )
            yield breaks.decode(decoder.decode(chunk, line_after), final=not chunk)
            if not chunk:
                return


class _Decoder:
    """Decodes a stream chunk by chunk; its errors name the place of the fault and a remedy.

    Attributes:
        offset: bytes decoded so far.
    """

    def __init__(self, name: str, encoding: str | None) -> None:
        self.offset = 0
        self._name, self._codec, self._given = name, codec_of(encoding), encoding is not None
        self._decoder = self._codec.incrementaldecoder()
        self._previous, self._begun = b"", False

    def decode(self, chunk: bytes, line_after: Callable[[str], int]) -> str:
        """Return the text of ``chunk``; an empty one ends the stream.

        ``line_after`` returns the number of the line in which the next text ends.
        """
        if self.offset == 0 and not self._given and (mark := marked(chunk)):
            self._codec = codecs.lookup(mark)
            self._decoder = self._codec.incrementaldecoder()
        encoding, sniffed = self._codec.name, max(0, _SNIFFED_BYTES - self.offset)
        if encoding == "utf-8" and b"\0" in chunk[:sniffed]:
            raise binary(self._name, chunk)
        state = self._decoder.getstate()
        try:
            text = self._decoder.decode(chunk, final=not chunk)
        except ValueError as error:  # a UnicodeError, or what odd codecs raise
            bad, byte, good = len(chunk), "", ""
            if isinstance(error, UnicodeDecodeError):
                bad += error.start - len(error.object)  # below 0 if the last chunk began it
                value = error.object[error.start]
                byte = f": byte 0x{value:02X} at offset {self.offset + bad:,}"
                with suppress(ValueError):  # UTF-16 without its mark fails in two ways
                    self._decoder.setstate(state)
                    good = self._decoder.decode(chunk[: max(0, bad)])
            middle = len(self._previous) + bad
            sample = (self._previous + chunk)[max(0, middle - 8192) : middle + 8192]
            guess = _guess(sample, encoding)
            remedy = f"Try --encoding {guess}" if guess else "Name its --encoding"
            raise CorpusError(
                f"{self._name} line {line_after(good)} is not {encoding}{byte}. "
                f"{remedy}, or save it as UTF-8."
            ) from None
        self.offset += len(chunk)
        self._previous = chunk
        if text and not self._begun:
            self._begun, text = True, text.removeprefix("\ufeff")  # the byte-order mark
        return text


def _stream(source: str | Path, stdin: BinaryIO | None) -> AbstractContextManager[BinaryIO]:
    if str(source) != STDIN:
        try:
            return Path(source).open("rb")
        except ValueError:
            raise CorpusError(f"{source!r:.60} cannot be a path. Check its characters.") from None
    stream = stdin or getattr(sys.stdin, "buffer", None)  # sys.stdin may be None, or text only
    if stream is None or stream.closed:
        raise CorpusError("standard input is closed. Name a file instead.")
    return nullcontext(stream)


def codec_of(encoding: str | None) -> codecs.CodecInfo:
    """Return the codec of a text encoding, UTF-8 for ``None``; CorpusError if there is none."""
    try:
        codec = codecs.lookup("utf-8" if encoding is None else encoding)
        # Python marks bytes-to-bytes codecs (zlib, base64 ...) as no text encodings
        if codec._is_text_encoding and codec.incrementaldecoder is not None:
            return codec
    except (LookupError, ValueError):  # ValueError: a NUL or a lone surrogate in the name
        pass
    raise CorpusError(f"encoding must be a text encoding of Python's. Received: {encoding!r:.60}")


def binary(name: str, start: bytes = b"") -> CorpusError:
    """Return the error that a stream, which begins with ``start``, contains NUL bytes."""
    if mark := marked(start):
        return CorpusError(f"{name} looks like {mark.upper()}, not UTF-8. Pass --encoding {mark}.")
    return CorpusError(
        f"{name} looks binary: it holds NUL bytes. Give a text file, or its --encoding."
    )


def marked(start: bytes) -> str | None:
    """Return the wide encoding whose byte-order mark ``start`` begins with."""
    for kind in ("32", "16"):  # in this order: UTF-32's mark begins with that of UTF-16
        marks = (getattr(codecs, f"BOM_UTF{kind}_{end}") for end in ("LE", "BE"))
        if start.startswith(tuple(marks)):
            return f"utf-{kind}"
    return None


def _guess(sample: bytes, failed: str) -> str | None:
    """Guess the encoding of ``sample``; among equally good ones take the most common."""
    from charset_normalizer import from_bytes  # imported late: few corpora need it

    matches = from_bytes(sample, cp_isolation=list(_GUESSES))
    best = matches.best()
    if best is None:
        return None
    # How often letters occur tells languages apart, but hardly by a few letters that are not ASCII.
    few = sum(byte > 0x7F for byte in sample) <= _FEW
    least = best.coherence - (_ALIKE if few else 0.0)
    alike = [m for m in matches if m.chaos == best.chaos and m.coherence >= least]
    misfits = [_misfits(str(match)) for match in alike]
    good = [match for match, count in zip(alike, misfits, strict=True) if count == min(misfits)]
    possible = {codecs.lookup(e).name for match in good for e in match.could_be_from_charset}
    return next((g for g in _GUESSES if g in possible and g != failed), None)


def _misfits(text: str) -> int:
    """Return how many characters do not fit their words, as those of a wrong encoding: symbols
    beside a letter, punctuation between two, capitals or another script after a small letter."""
    found = 0
    for before, one, after in zip(" " + text, text, text[1:] + " ", strict=False):
        if one.isascii() or one in _IN_WORDS:
            continue
        kind = unicodedata.category(one)
        if kind in ("Lu", "Lo"):
            found += before.islower()
        elif kind[0] == "S":
            found += before.isalpha() or after.isalpha()
        elif kind[0] in "CP":
            found += before.isalpha() and after.isalpha()
    return found
