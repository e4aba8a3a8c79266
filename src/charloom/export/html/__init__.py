"""A run as one HTML file that generates names or text offline, in any browser."""

from __future__ import annotations

from .page import write_html as write_html
