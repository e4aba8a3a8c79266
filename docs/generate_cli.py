"""Writes docs/cli.md from the commands' own help: python docs/generate_cli.py [--check]."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from charloom.cli.main import COMMANDS, cli

PAGE = Path(__file__).with_name("cli.md")
HEAD = """\
# The command line

<!-- Written by docs/generate_cli.py from the commands' help. Do not edit. -->

Results go to stdout, everything else to stderr. Exit codes: 0 success, 1 a problem with the data,
the model or the output, 2 wrong usage, 130 interrupted. If the reader of the output has gone, as in
`| head`, the command ends by SIGPIPE, which shells report as 141. `charloom COMMAND --help` prints
the same as this page.

"""


def page() -> str:
    """Return the page: a contents table, then each command's help."""
    context = click.Context(cli, info_name="charloom")
    rows = [f"| [{name}](#charloom-{name}) | {text} |" for name, text in COMMANDS.items()]
    parts = [HEAD, "\n".join(["| command | |", "| --- | --- |", *rows]), "\n"]
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        child = click.Context(command, info_name=name, parent=context, max_content_width=100)
        child.terminal_width = 100
        parts.append(f"\n## charloom {name}\n\n```text\n{command.get_help(child).rstrip()}\n```\n")
    return "".join(parts)


def main() -> None:
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != text:
        sys.exit("docs/cli.md is out of date. Run: python docs/generate_cli.py")


if __name__ == "__main__":
    main()
