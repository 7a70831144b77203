// SPDX-License-Identifier: Apache-2.0
// The search box and the words that it proposes for the last word in it.

const MOST_COMPLETIONS = 10;
const queryBox = document.getElementById("query");
const completionList = document.getElementById("completions");
const folded = words.map(fold);
let chosen = -1; // which of the proposals; -1: none

/** Small letters without accents, for comparing. Marks of other scripts than Latin and Greek stay. */
function fold(text) {
  return text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
}

/** Words that begin with the text, then words that contain it, each the most frequent first. */
function completionsOf(text) {
  const wanted = fold(text);
  const beginning = [];
  const containing = [];
  if (!wanted) return [];
  for (let id = 0; id < words.length && beginning.length < MOST_COMPLETIONS; id++) {
    const place = folded[id].indexOf(wanted);
    if (place === 0) beginning.push(id);
    else if (place > 0 && containing.length < MOST_COMPLETIONS) containing.push(id);
  }
  return [...beginning, ...containing].slice(0, MOST_COMPLETIONS);
}

/** What is in the box, cut before its last word. */
function splitQuery() {
  const text = queryBox.value;
  const start = idOf.has(text.trim()) ? 0 : text.search(/\S*$/);
  return { before: text.slice(0, start), last: text.slice(start).trim() };
}

function propose() {
  const items = completionsOf(splitQuery().last).map((id, i) => {
    const item = document.createElement("li");
    item.id = `completion-${i}`;
    item.role = "option";
    item.dir = "auto";
    item.textContent = words[id];
    item.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the box keeps the focus
      take(i);
    });
    return item;
  });
  completionList.replaceChildren(...items);
  completionList.hidden = items.length === 0;
  queryBox.setAttribute("aria-expanded", String(items.length > 0));
  choose(-1);
}

function choose(place) {
  const items = [...completionList.children];
  chosen = place;
  items.forEach((item, i) => item.setAttribute("aria-selected", String(i === place)));
  if (place < 0) queryBox.removeAttribute("aria-activedescendant");
  else {
    queryBox.setAttribute("aria-activedescendant", items[place].id);
    items[place].scrollIntoView({ block: "nearest" });
  }
}

function closeCompletions() {
  completionList.hidden = true;
  queryBox.setAttribute("aria-expanded", "false");
  choose(-1);
}

/** Put a proposal into the box and ask for what is in it then. */
function take(place) {
  queryBox.value = splitQuery().before + completionList.children[place].textContent;
  submit();
}

function submit() {
  closeCompletions();
  if (queryBox.value.trim()) goTo(queryBox.value.trim());
}

queryBox.addEventListener("input", propose);
queryBox.addEventListener("blur", closeCompletions);
queryBox.addEventListener("keydown", (event) => {
  const count = completionList.hidden ? 0 : completionList.children.length;
  if (event.isComposing) return; // keys of an input method are not for us
  if (event.key === "Escape") closeCompletions();
  else if (event.key === "ArrowDown" && count) choose(chosen + 1 < count ? chosen + 1 : -1);
  else if (event.key === "ArrowUp" && count) choose(chosen >= 0 ? chosen - 1 : count - 1);
  else if (event.key === "Enter" && chosen >= 0) take(chosen);
  else return;
  event.preventDefault();
});
document.getElementById("search").addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
