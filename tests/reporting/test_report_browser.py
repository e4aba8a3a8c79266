"""A report in a browser: it requests nothing, logs no errors and fits a phone."""

from __future__ import annotations

import html
import importlib.util
import json
import re
import shutil
import subprocess
import time

import pytest

from charloom.cli.main import run as charloom

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(BROWSER is None, reason="needs Chromium or Chrome"),
    pytest.mark.skipif(
        importlib.util.find_spec("matplotlib") is None,
        reason="needs the plotting extra, charloom[plot]",
    ),
]

QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@pytest.fixture(scope="module")
def written(trained, tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "report.html"
    arguments = ["report", str(trained), "--out", str(out), "--samples", "200"]
    assert charloom(arguments, started=time.monotonic()) == 0
    return out


@pytest.fixture
def browse(tmp_path):
    """Open a page with options of the browser; return its stdout and what the console said."""

    def browse(path, *options):
        done = subprocess.run(
            [BROWSER, *QUIET, f"--user-data-dir={tmp_path / 'profile'}",
             "--enable-logging=stderr", *options, path.as_uri()],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    return browse


def test_the_page_logs_no_errors(written, browse):
    dom, console = browse(written, "--dump-dom")
    assert console == []
    assert re.search(r"<html[^>]*data-js", dom)  # its script did run
    shown = re.findall(r'<div id="next-\d+" class="panel"( hidden="")?>', dom)
    assert shown.count("") == 1 and len(shown) > 1


def test_no_other_script_runs_in_it(written, browse, tmp_path):
    forged = tmp_path / "forged.html"
    script = "<script>document.title = 'taken'</script></body>"
    forged.write_text(written.read_text("utf-8").replace("</body>", script), "utf-8")
    dom, console = browse(forged, "--dump-dom")
    assert "<title>taken" not in dom
    assert any("Content Security Policy" in line for line in console)


def test_nothing_but_the_page_is_requested(written, browse, tmp_path):
    def asked(page):
        log = tmp_path / "net.json"
        browse(page, "--dump-dom", f"--log-net-log={log}")
        found = json.loads(log.read_text("utf-8"))
        request = found["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
        events = (e.get("params", {}) for e in found["events"] if e["type"] == request)
        return [p["url"] for p in events if p.get("url", "").startswith("http://127.0.0.1")]

    text = written.read_text("utf-8")
    assert set(re.findall(r"https?://[^\s\"'<>)]*", text)) <= {"http://www.w3.org/2000/svg"}
    picture = '<img src="http://127.0.0.1:9/a.png"></main>'
    forged, lax = tmp_path / "forged.html", tmp_path / "lax.html"
    forged.write_text(text.replace("</main>", picture), "utf-8")
    lax.write_text(re.sub("<meta http-equiv[^>]*>", "", forged.read_text("utf-8")), "utf-8")
    assert asked(lax)  # what a page asks for is seen here
    assert not asked(forged)  # and this page's policy forbids it


@pytest.mark.parametrize("width", [360, 1280])
def test_it_is_no_wider_than_its_window(written, browse, tmp_path, width):
    text = re.sub("<meta http-equiv[^>]*>", "", written.read_text("utf-8"))
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<title>?</title><iframe id="f" width="{width}" height="800" '
        f'srcdoc="{html.escape(text)}"></iframe><script>f.onload = () => {{ document.title = '
        '"wide " + f.contentDocument.documentElement.scrollWidth }</script>',
        "utf-8",
    )
    dom, _ = browse(frame, "--dump-dom", "--virtual-time-budget=3000")
    (wide,) = re.findall(r"<title>wide (\d+)</title>", dom)
    assert int(wide) <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_light_or_dark_scheme(written, browse, tmp_path, scheme):
    pixels = pytest.importorskip("matplotlib.image")
    picture = tmp_path / "page.png"
    browse(written, f"--screenshot={picture}", "--window-size=800,600",
           f"--blink-settings=preferredColorScheme={int(scheme == 'light')}")  # fmt: skip
    image = pixels.imread(picture)[..., :3]
    assert (image[-1, 0].mean() > 0.5) == (scheme == "light")
    assert image.std() > 0.02  # there is something on it


def test_it_can_be_printed(written, browse, tmp_path):
    out = tmp_path / "page.pdf"
    browse(written, f"--print-to-pdf={out}", "--no-pdf-header-footer")
    data = out.read_bytes()
    assert data.startswith(b"%PDF")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", data)) <= 30
