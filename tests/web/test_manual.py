"""The help is there for whoever is signed in, and its links lead somewhere."""

import re

import pytest

from app.db import transaction
from app.web.manual import FOLDER
from tests import factories
from tests.web.visiting import Browser

pytestmark = pytest.mark.usefixtures("committed")


def visitor() -> Browser:
    with transaction() as db:
        person = factories.agent(db)
    return Browser().come_in(person)


def test_every_page_can_be_read_and_its_own_links_lead_to_headings() -> None:
    browser = visitor()
    listed = browser.see("/manual")
    for path in FOLDER.glob("*.md"):
        assert f'href="/manual/{path.stem}"' in listed
        html = browser.see(f"/manual/{path.stem}")
        ids = set(re.findall(r'<h\d id="([^"]+)"', html))
        assert set(re.findall(r'href="#([^"]+)"', html)) - {"main"} <= ids
        assert "style=" not in html.split('class="sheet prose"')[1].split("</article>")[0]


@pytest.mark.parametrize("name", ["nothing", "..%2fconfig", "api-channel.md", "%00"])
def test_a_page_that_does_not_exist_is_not_found(name: str) -> None:
    assert visitor().get(f"/manual/{name}").status_code == 404


def test_the_help_is_for_people_who_are_signed_in() -> None:
    assert Browser().get("/manual/api-channel").status_code == 303
