"""The encodings of the standard streams: UTF-8, except on terminals that have another."""

from __future__ import annotations

import codecs
import io
import sys

REPLACING = "charloom.replace"
"""The name of the error handler that shows a question mark for what a terminal cannot show."""

ASCII = "ascii-terminal"
"""ASCII by a name that Click does not replace with UTF-8."""


class _Replacer:
    """An error handler of codecs: replaces characters, and says so once."""

    def __init__(self, encoding: str) -> None:
        self.encoding, self.said = encoding, False

    def __call__(self, error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        if not self.said:
            self.said = True  # before the message, which may be replaced itself
            point = ord(error.object[error.start])
            sys.stderr.write(
                f"charloom: this terminal's encoding, {self.encoding}, lacks some characters, "
                f"such as U+{point:04X}; it shows ? for each. Set PYTHONIOENCODING=utf-8, or "
                "redirect the output to a file, which gets UTF-8.\n"
            )
            sys.stderr.flush()
        return "?" * (error.end - error.start), error.end


def _find_ascii(name: str) -> codecs.CodecInfo | None:
    if name.replace("_", "-") != ASCII:
        return None
    found = codecs.lookup("ascii")
    return codecs.CodecInfo(
        name=ASCII,
        encode=found.encode,
        decode=found.decode,
        incrementalencoder=found.incrementalencoder,
        incrementaldecoder=found.incrementaldecoder,
    )


codecs.register(_find_ascii)


def prepare_streams() -> None:
    """Read and write UTF-8 in files and pipes, whatever the locale; keep terminals' encodings.

    A terminal that cannot show a character shows a question mark, and one line on stderr says so.
    """
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        if not stream.isatty():
            # Only half characters, as of paths that are not UTF-8, are then escaped.
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        elif (name := codecs.lookup(stream.encoding).name) != "utf-8":
            codecs.register_error(REPLACING, _Replacer(name))
            stream.reconfigure(encoding=ASCII if name == "ascii" else name, errors=REPLACING)
    if isinstance(sys.stdin, io.TextIOWrapper) and not sys.stdin.isatty():
        sys.stdin.reconfigure(encoding="utf-8", errors="strict")
