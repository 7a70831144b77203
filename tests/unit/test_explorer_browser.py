# SPDX-License-Identifier: Apache-2.0
"""The page to explore vectors with, in a real browser, driven by a script inside it."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from explorer_support import WORDS, vectors_of

from fastw2v.keyed_vectors import KeyedVectors

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
BROWSER = next(filter(None, map(shutil.which, NAMES)), None)
pytestmark = pytest.mark.skipif(not BROWSER, reason="needs Chromium")

# What a script finds is written into the page, where --dump-dom shows it.
DRIVER = """
<script>
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const texts = (selector) => [...document.querySelectorAll(selector)].map((e) => e.textContent);
const neighbours = () => texts("#neighbours bdi");
const press = (key) => queryBox.dispatchEvent(new KeyboardEvent("keydown", { key }));
async function type(text) {
  queryBox.value = text;
  queryBox.dispatchEvent(new Event("input"));
  await pause(50);
}
(async () => {
  const out = document.createElement("pre");
  try {
    const found = await (async () => { %s })();
    out.textContent = JSON.stringify({ found });
  } catch (error) {
    out.textContent = JSON.stringify({ error: `${error} ${error.stack}` });
  }
  out.id = "result";
  document.body.append(out);
})();
</script>
"""


@pytest.fixture(scope="module")
def kv() -> KeyedVectors:
    """Rows as the page has them, so that it must find the same neighbours."""
    return vectors_of(WORDS).astype("int8")


@pytest.fixture(scope="module")
def page(kv: KeyedVectors, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explorer") / "page.html"
    kv.explore(path, title="Words", map_words=30)
    return path


def browse(page: Path, script: str, asked: str = "") -> Any:
    """Open a page, run a script in it, and return what this returns."""
    driven = page.with_name("driven.html")
    driven.write_text(page.read_text(encoding="utf-8") + DRIVER % script, encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,800"]
    environment = {name: v for name, v in os.environ.items() if name != "LD_PRELOAD"}
    result = subprocess.run(
        [
            *(str(BROWSER), *options, "--virtual-time-budget=10000", "--dump-dom"),
            *(f"--user-data-dir={page.parent / 'profile'}", driven.as_uri() + asked),
        ],
        capture_output=True,
        timeout=120,
        check=False,
        env=environment,
    )
    written = re.search(r'<pre id="result">(.*?)</pre>', result.stdout.decode(), re.DOTALL)
    assert written, result.stderr.decode()
    answer = json.loads(html.unescape(written[1]))
    assert "found" in answer, answer
    return answer["found"]


def names(similar: list[tuple[str, float]]) -> list[str]:
    return [word for word, _ in similar]


def test_neighbours_are_those_of_most_similar(page: Path, kv: KeyedVectors) -> None:
    found = browse(
        page, "return [texts('#asked'), neighbours(), texts('#neighbours data'), texts('#remark')]",
        asked="#queen",
    )  # fmt: skip
    similar = kv.most_similar("queen", topn=20)
    assert found[0] == ["queen"]
    assert found[1] == names(similar)
    assert [float(cosine) for cosine in found[2]] == pytest.approx(
        [cosine for _, cosine in similar], abs=6e-4
    )
    assert found[3] == [f"Word 2 by frequency, read {kv.counts[1]} times"]


def test_sums_of_words_are_those_of_most_similar(page: Path, kv: KeyedVectors) -> None:
    found = browse(page, "await type('king - man + woman'); submit(); await pause(50);"
                         "return neighbours();")  # fmt: skip
    assert found == names(kv.most_similar(["king", "woman"], ["man"], topn=20))


def test_every_word_can_be_asked_for_and_is_shown_as_it_is(page: Path, kv: KeyedVectors) -> None:
    found = browse(
        page,
        "const shown = []; for (const word of words) { goTo(word); await pause(20);"
        "shown.push([element('asked').textContent, neighbours()[0]]); } return shown;",
    )
    assert found == [[word, kv.most_similar(word, topn=1)[0][0]] for word in WORDS]


def test_no_word_becomes_an_element_or_runs(page: Path) -> None:
    found = browse(
        page,
        "let alerts = 0; window.alert = () => alerts++;"
        "for (const text of ['<', 'x', 'script']) await type(text);"
        "goTo(words.find((word) => word.includes('onerror'))); await pause(200);"
        "return [alerts, texts('b').length + texts('img').length, texts('script').length];",
    )
    assert found == [0, 0, 4]  # data, rows, the page's script, and ours


def test_the_box_proposes_words_and_the_keyboard_takes_one(page: Path) -> None:
    found = browse(
        page,
        "await type('QU'); const proposed = texts('#completions li');"
        "press('ArrowDown'); press('Enter'); await pause(50);"
        "return [proposed, askedText(), completionList.hidden, queryBox.value];",
    )
    assert found == [["queen", '"quoted"'], "queen", True, "queen"]


def test_proposals_are_for_the_last_word_and_do_without_accents(page: Path) -> None:
    found = browse(
        page,
        "await type('king + angs'); press('ArrowUp'); press('Enter'); await pause(50);"
        "await type('ἄβγ'); const none = completionList.hidden;"
        "await type('рол'); return [askedText(), none, texts('#completions li')];",
    )
    assert found == ["king + Ångström", True, ["король"]]


def test_a_click_on_a_neighbour_asks_for_it_and_the_address_leads_back(
    page: Path, kv: KeyedVectors
) -> None:
    found = browse(
        page,
        "document.querySelectorAll('#neighbours button')[2].click(); await pause(50);"
        "const there = texts('#asked')[0];"  # going back itself stops the browser's virtual time
        "location.hash = '#king'; await pause(50);"
        "return [there, texts('#asked')[0]];",
        asked="#king",
    )
    assert found == [kv.most_similar("king")[2][0], "king"]


def test_a_click_on_the_map_asks_for_the_word_there(page: Path) -> None:
    # Zoomed in, so that no other word is near.
    found = browse(
        page,
        "canvas.setPointerCapture = () => {};"
        "const { x, y } = placeOf(7); Object.assign(camera, { x, y }); zoom(20);"
        "const box = canvas.getBoundingClientRect(); const at = toScreen({ x, y });"
        "const where = { clientX: box.x + at.x, clientY: box.y + at.y, pointerId: 1 };"
        "for (const kind of ['down', 'up'])"
        "  canvas.dispatchEvent(new PointerEvent('pointer' + kind, where));"
        "await pause(50); return askedText();",
    )
    assert found == WORDS[7]


def test_the_map_shows_the_word_its_neighbours_and_words_beside_them(page: Path) -> None:
    found = browse(
        page,
        "const inks = () => { const seen = {}; const { width, height } = canvas;"
        "const pixels = pen.getImageData(0, 0, width, height).data;"
        "for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] === 255) {"
        "  const ink = pixels.slice(i, i + 3).join(); seen[ink] = (seen[ink] ?? 0) + 1; }"
        "return seen; };"
        "const before = inks(); goTo('king'); await pause(50); return [before, inks()];",
    )
    before, after = found
    accent, point = "180,64,10", "169,175,184"  # --accent and --point of page.css
    assert before[point] > 100
    assert accent not in before
    assert after[accent] > 100


def test_the_map_zooms_to_the_neighbours_and_back(page: Path) -> None:
    found = browse(
        page,
        "const inside = () => marks.map(toScreen).every(({ x, y }) =>"
        "  x > 0 && y > 0 && x < canvasSize.width && y < canvasSize.height);"
        "const click = (what) => document.querySelector(`[data-zoom='${what}']`).click();"
        "click('found'); const nothing = Number.isFinite(camera.scale); click('all');"
        "goTo('king'); await pause(50); const whole = { ...camera };"
        "marks = marks.slice(0, 3);"  # all of them are as wide as the map
        "camera.x += 1e6; click('found'); const near = [inside(), camera.scale > whole.scale];"
        "click('all'); const same = JSON.stringify(camera) === JSON.stringify(whole);"
        "return [nothing, ...near, same];",
    )
    assert found == [True, True, True, True]


def test_unknown_words_and_sums_of_nothing_are_said(page: Path) -> None:
    found = browse(
        page,
        "goTo('kin'); await pause(20); const unknown = texts('#remark')[0];"
        "goTo('king - king'); await pause(20); const nothing = texts('#remark')[0];"
        "location.hash = '#50%'; await pause(20);"
        "return [unknown, nothing, texts('#asked')[0]];",
    )
    assert "Not among the words of this page" in found[0]
    assert "king" in found[0]
    assert found[1:] == ["These words have no direction together.", "50%"]


def test_nothing_is_loaded_and_the_network_is_closed(page: Path) -> None:
    found = browse(
        page,
        "let refused = false;"
        "try { await fetch('data:text/plain,x'); } catch { refused = true; }"
        "return [performance.getEntriesByType('resource').length, refused];",
    )
    assert found == [0, True]


def test_a_page_without_a_map_or_with_one_word_works(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    for words, n_mapped in ((["a", "b"], 0), (["a"], 1)):
        vectors_of(words).explore(path, map_words=n_mapped)
        assert browse(path, "showAll(); return neighbours();", asked="#a") == words[1:]
