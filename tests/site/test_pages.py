"""Every page of the site, opened from its file with the network blocked; and what a reader does on it."""

import re

import pytest

pytestmark = pytest.mark.browser

NO_PART = {"sigma", "pyramid level"}  # controls that are off because the others' first settings leave them no part
PNET = "notebooks/03_pnet.html"
FIRST_CONTROL = 3.0  # seconds from opening a page to a slider that answers


def faults(visits, of):
    """page -> what `of` finds wrong with its visit, where that is anything."""
    return {name: found for name, visit in visits.items() if (found := of(visit))}


def test_the_site_is_built_in_time_and_small(site):
    folder, seconds = site
    assert seconds < 240
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 40_000_000


def test_every_chapter_and_guide_is_a_page(root, pages):
    chapters = [path for path in root.glob("notebooks/**/*.ipynb") if ".ipynb_checkpoints" not in path.parts]
    guides = [*root.glob("data/*.md"), *root.glob("docs/*.md"), root / "notebooks/glossary.md"]
    wanted = {path.relative_to(root).with_suffix(".html").as_posix() for path in (*chapters, *guides)}
    answers = "docs/answers.html"  # are for teachers
    wanted.remove(answers)
    assert answers not in pages
    assert len(wanted) > 45
    assert wanted | {"index.html", "search.html", "api/index.html", "api/detector.html"} <= {*pages}


def test_no_script_fails(visits):
    assert not faults(visits, lambda visit: visit.errors)


def test_no_page_asks_for_anything_but_its_own_files(visits, site):
    own = site[0].as_uri()
    assert not faults(visits, lambda visit: [u for u in visit.requests if not u.startswith((own, "data:", "blob:"))])


def test_no_page_loads_more_than_a_megabyte_and_a_half(visits):
    assert not faults(visits, lambda visit: visit.opened if visit.opened > 1_500_000 else 0)


def test_every_explorer_wakes_up(visits):
    assert sum(len(visit.alive) for visit in visits.values()) >= 1
    assert not faults(visits, lambda visit: [state for state in visit.alive if state != "yes"])


def test_every_control_changes_what_is_shown_or_says_that_it_needs_python(visits):
    def works(control):
        if control["off"]:
            return control["told"] or control["name"] in NO_PART
        return control["states"] > 1

    def dead(visit):
        return [(control["kind"], control["name"]) for control in visit.controls if not works(control)]

    assert sum(len(visit.controls) for visit in visits.values()) > 60
    assert not faults(visits, dead)


def test_every_control_has_a_name_and_is_reached_by_keyboard(visits):
    def lost(visit):
        return [control["kind"] for control in visit.controls if not (control["named"] and control["focus"])]

    assert not faults(visits, lost)


def test_every_picture_says_what_is_on_it(visits):
    vague = re.compile(r"(|image|picture|.*\.(png|jpe?g)|(\.\./)*_images/.*)", re.I)
    assert sum(len(visit.alts) for visit in visits.values()) > 150
    assert not faults(visits, lambda visit: [alt for alt in visit.alts if vague.fullmatch(alt.strip())])


def test_a_phone_scrolls_only_downwards(visits):
    assert not faults(visits, lambda visit: visit.widths if visit.widths[0] > visit.widths[1] else ())


def test_no_page_keeps_anyone_out(visits):
    """As axe-core sees it: nothing serious, nothing critical, on light pages and dark ones."""
    assert not faults(visits, lambda visit: visit.violations)


@pytest.fixture
def opened(offline):
    """A function that opens an address in a page of its own; no script of it may fail."""
    made = []

    def open_(address):
        page, errors = offline.new_page(), []
        page.on("pageerror", lambda error: errors.append(str(error)))
        made.append((page, errors))
        page.goto(address)
        return page

    yield open_
    for page, errors in made:
        page.close()
        assert errors == []


def test_chapter_03_answers_to_its_threshold(site, opened):
    page = opened((site[0] / PNET).as_uri())
    threshold = page.get_by_role("slider", name="score threshold")
    threshold.focus()
    before = page.evaluate("() => document.querySelector('.explorer canvas').toDataURL()")
    page.keyboard.press("End")
    page.wait_for_function("(old) => document.querySelector('.explorer canvas').toDataURL() !== old", arg=before)
    assert page.evaluate("() => performance.now()") < 1000 * FIRST_CONTROL


@pytest.mark.parametrize("where", ["file", "server"])
def test_search_finds_the_receptive_field_in_chapter_03(site, served, opened, where):
    start = site[0].as_uri() + "/" if where == "file" else served
    page = opened(start + "index.html")
    page.get_by_label("Search").fill("receptive field")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('ul.search li a').length > 0")
    found = page.evaluate("() => [...document.querySelectorAll('ul.search li a')].map((link) => link.href)")
    assert any("/03_pnet.html" in link for link in found)


def test_previous_and_next_lead_through_the_chapters(root, site):
    chapters = sorted(path.with_suffix(".html").name for path in root.glob("notebooks/[0-9]*.ipynb"))
    order = ["start_here.html", *chapters, "glossary.html"]
    for before, name, after in zip(order, order[1:], order[2:], strict=False):
        text = (site[0] / "notebooks" / name).read_text()
        assert re.findall(r'<a class="prev-page" href="([^"]+)"', text) == [before]
        assert re.findall(r'<a class="next-page" href="([^"]+)"', text) == [after]


def test_pages_of_a_server_below_another_path(served, opened, pages):
    for name in ("index.html", PNET, "notebooks/deeper/05_two_looks.html", "api/boxes.html"):
        page = opened(served + name)
        asked = page.evaluate("() => performance.getEntriesByType('resource').map((entry) => entry.name)")
        assert not [address for address in asked if not address.startswith((served, "data:", "blob:"))], name


def test_links_lead_to_pages_and_places_that_exist(site, pages):
    """All links of all pages within the site, their anchors too."""
    texts = {name: (site[0] / name).read_text() for name in pages}
    places = {name: {*re.findall(r'\bid="([^"]+)"', text)} for name, text in texts.items()}
    lost = []
    for name, text in texts.items():
        for link in re.findall(r'<a [^>]*href="([^"]*)"', text):
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = (site[0] / name).parent.joinpath(path).resolve() if path else site[0].resolve() / name
            page = target.relative_to(site[0].resolve()).as_posix()
            if not target.exists() or (anchor and page in places and anchor not in places[page]):
                lost.append((name, link))
    assert not lost


def test_words_of_the_glossary_are_linked_where_they_come_first(site):
    text = (site[0] / PNET).read_text()
    links = re.findall(r'<a class="[^"]*\bterm\b[^"]*" href="glossary.html#receptive-field"[^>]*>([^<]*)</a>', text)
    assert links == ["receptive field"]
    assert "asserts" not in text
    assert "assert " not in re.sub(r"<[^>]+>", "", text), "cells of checks are left out"


def test_readme_links_to_the_site(root):
    import tomllib

    urls = tomllib.loads((root / "pyproject.toml").read_text())["project"]["urls"]
    top = (root / "README.md").read_text().partition("## The chapters")[0]
    assert f"]({urls['Documentation']})" in top
