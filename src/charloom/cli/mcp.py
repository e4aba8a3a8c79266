"""``charloom mcp``: a model as tools of the Model Context Protocol."""

from __future__ import annotations

import click

from .options import folders


@click.command("mcp")
@click.argument("run", metavar="RUN", shell_complete=folders)
def command(run: str) -> None:
    """Offer the model of names in RUN as tools to programs that speak MCP, over stdin and stdout.

    The tools are generate_names, score_names and explain_name. Give an assistant this command as
    an MCP server: charloom mcp RUN. Needs the extra mcp: pip install "charloom[mcp]".
    """
    try:
        from ..serve.tools import create_server
    except ImportError as error:
        raise click.ClickException(
            f'mcp needs {error.name}, which is not installed. Run: pip install "charloom[mcp]"'
        ) from error
    create_server(run).run("stdio")
