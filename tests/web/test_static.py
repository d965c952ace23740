"""Our own files: kept for ever under their digest, never anything outside the folder."""

from __future__ import annotations

import pytest

from app import render
from tests.web.visiting import Browser


def test_a_file_is_kept_for_ever_under_the_present_digest() -> None:
    response = Browser().get(render.static("css/tokens.css"))
    assert response.status_code == 200
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["access-control-allow-origin"] == "*"
    assert response.headers["content-type"] == "text/css; charset=utf-8"


def test_a_page_from_before_an_update_still_gets_its_files_but_does_not_keep_them() -> None:
    response = Browser().get("/static/000000000000/js/main.js")
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-cache")
    again = Browser().get(
        "/static/000000000000/js/main.js", headers={"if-none-match": response.headers["etag"]}
    )
    assert (again.status_code, again.text) == (304, "")


@pytest.mark.parametrize(
    "path",
    [
        "../app/main.py",
        "%2e%2e/app/main.py",
        "css",
        "nothing.css",
        "..%2fpyproject.toml",
        "vendor/.made-from",
    ],
)
def test_nothing_outside_the_folder_is_served(path: str) -> None:
    assert Browser().get(f"/static/{render.digest()}/{path}").status_code == 404
