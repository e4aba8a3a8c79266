"""Only browsers that opened the printed address may use the studio."""

from __future__ import annotations

import stat

import pytest
from fastapi.testclient import TestClient

from charloom.errors import RunError
from charloom.serve.studio.app import create_studio


def client_of(app):
    return TestClient(app, base_url="http://localhost", follow_redirects=False)


def test_nothing_is_answered_without_the_cookie(tmp_path):
    app, _ = create_studio(tmp_path)
    with client_of(app) as client:
        for path in ("/", "/page/main.js", "/studio/runs", "/v1/models", "/docs", "/metrics"):
            answer = client.get(path)
            assert answer.status_code == 401
            assert "charloom studio printed" in answer.text
            plain = path == "/"  # for a person
            assert answer.headers["content-type"].startswith("text/plain" if plain else "appl")


def test_a_token_is_good_once(tmp_path):
    invited = []
    app, sessions = create_studio(tmp_path, invite=invited.append)
    with client_of(app) as client, client_of(app) as other:
        token = sessions.token
        assert client.get("/enter", params={"token": token}).status_code == 303
        assert client.get("/").status_code == 200
        assert other.get("/enter", params={"token": token}).status_code == 401
        assert other.get("/").status_code == 401
        assert invited == [sessions.token] and invited != [token]
        assert other.get("/enter", params={"token": sessions.token}).status_code == 303


@pytest.mark.parametrize("token", ["", "x", "ä" * 32])
def test_a_wrong_token_is_refused(tmp_path, token):
    app, _ = create_studio(tmp_path)
    with client_of(app) as client:
        assert client.get("/enter", params={"token": token}).status_code == 401
        assert client.get("/enter").status_code == 401


def test_a_browser_stays_known_when_the_studio_starts_again(tmp_path):
    app, sessions = create_studio(tmp_path)
    with client_of(app) as client:
        client.get("/enter", params={"token": sessions.token})
        cookies = dict(client.cookies)
    again, _ = create_studio(tmp_path)
    with client_of(again) as client:
        client.cookies.update(cookies)
        assert client.get("/").status_code == 200
    other, _ = create_studio(tmp_path / "elsewhere")
    with client_of(other) as client:
        client.cookies.update(cookies)
        assert client.get("/").status_code == 401


@pytest.mark.parametrize(
    "change", [lambda v: v[:-1] + "0", lambda v: "9" + v, lambda v: "", str.upper]
)
def test_a_forged_cookie_is_refused(tmp_path, change):
    app, sessions = create_studio(tmp_path)
    with client_of(app) as client:
        client.get("/enter", params={"token": sessions.token})
        value = client.cookies[sessions.cookie]
        client.cookies.clear()
        client.cookies.set(sessions.cookie, change(value.replace("a", "b", 1)))
        assert client.get("/").status_code == 401


def test_an_old_cookie_is_refused(tmp_path, monkeypatch):
    app, sessions = create_studio(tmp_path)
    with client_of(app) as client:
        client.get("/enter", params={"token": sessions.token})
        assert client.get("/").status_code == 200
        monkeypatch.setattr("charloom.serve.studio.session.SECONDS", -1)
        assert client.get("/").status_code == 401


def test_a_page_of_another_origin_or_name_gets_nothing(studio):
    get = studio.client.get
    assert get("/v1/models", headers={"origin": "http://evil.example"}).status_code == 403
    assert get("/v1/models", headers={"host": "evil.example"}).status_code == 403
    assert get("/v1/models", headers={"origin": "http://localhost"}).status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_the_key_of_others(studio):
    answer = studio.client.get(
        "/enter", params={"token": studio.sessions.token}, follow_redirects=False
    )
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie
    state = studio.folder / ".charloom"
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert stat.S_IMODE((state / "session.key").stat().st_mode) == 0o600


def test_the_page_comes_with_a_strict_policy(studio):
    for path in ("/", "/generate", "/page/style.css", "/page/parts/chart.js"):
        answer = studio.client.get(path)
        assert answer.status_code == 200
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy


def test_only_the_files_of_the_page_are_served(studio):
    for path in (
        "/page/../app.py",
        "/page/%2e%2e/app.py",
        "/page//etc/passwd",
        "/page/vendor/README.md",
    ):
        assert studio.client.get(path).status_code in (404, 405)


def test_an_unknown_path_is_answered_with_the_page_to_people_and_with_json_to_programs(studio):
    browser, program = {"accept": "text/html,*/*;q=0.8"}, {"accept": "application/json"}
    for path in ("/zzz", "/train/zzz", "/page/zzz.js"):
        page = studio.client.get(path, headers=browser)
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "main.js" in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert studio.client.get(path, headers=program).json()["error"]["param"] is None
    assert studio.client.post("/zzz", headers=browser).json()["error"]["message"]
    assert studio.client.get("/v1/names", headers=browser).status_code == 405
    studio.client.cookies.clear()
    assert "Open the address" in studio.client.get("/zzz", headers=browser).text
    assert "error" in studio.client.get("/zzz", headers=program).json()


def test_a_folder_that_cannot_be_used_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(RunError, match="is a file"):
        create_studio(tmp_path / "file")
    place = tmp_path / "place"
    place.mkdir()
    (place / ".charloom").symlink_to(tmp_path)
    with pytest.raises(RunError, match="is a link"):
        create_studio(place)


def test_the_page_is_small():
    from charloom.serve.studio.page import FILES

    files = [path for path in FILES.rglob("*") if path.is_file() and "LICENSE" not in path.name]
    assert sum(path.stat().st_size for path in files) < 250_000
