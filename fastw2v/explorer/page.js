// SPDX-License-Identifier: Apache-2.0
// The page: what is asked stands behind the # of its address, so that back and forward work.

const N_NEIGHBOURS = 20;
const number = new Intl.NumberFormat("en");
const element = (id) => document.getElementById(id);

function goTo(text) {
  const hash = `#${encodeURIComponent(text)}`;
  if (location.hash === hash) answer();
  else location.hash = hash;
}

function askedText() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return location.hash.slice(1); // somebody typed a % into the address
  }
}

/** Answer what the address asks for. */
function answer() {
  const text = askedText();
  const { terms, unknown } = parse(text);
  const isWord = terms.length === 1 && unknown.length === 0;
  const unit = unknown.length ? null : direction(terms);
  const asked = terms.map(({ id }) => id);
  const found = unit ? nearest(unit, N_NEIGHBOURS, new Set(asked)) : [];
  element("asked").textContent = isWord ? words[asked[0]] : text;
  element("remark").textContent = isWord ? about(asked[0]) : remark(text, unknown, unit);
  element("neighbours").replaceChildren(...found.map(listItem));
  element("answer").scrollTop = 0;
  pointed = -1;
  queryBox.value = text;
  mark(unit ? asked : [], found.map(({ id }) => id));
}

function remark(text, unknown, unit) {
  if (!text) return "Type a word, or click one on the map.";
  if (unknown.length === 0) return unit ? "" : "These words have no direction together.";
  const names = unknown.map((word) => `\u2068${word}\u2069`).join(", ");
  const near = completionsOf(unknown[0]).slice(0, 3).map((id) => `\u2068${words[id]}\u2069`);
  return `Not among the words of this page: ${names}.` + (near.length ? ` Perhaps ${near.join(", ")}?` : "");
}

function about(id) {
  const count = data.counts && `, read ${number.format(data.counts[id])} times`;
  const zero = norms[id] === 0 ? ". Its vector is zero: it has no neighbours" : "";
  return `Word ${number.format(id + 1)} by frequency${count ?? ""}${zero}`;
}

function listItem({ id, cosine }) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  const word = document.createElement("bdi");
  const value = document.createElement("data");
  word.textContent = words[id];
  value.textContent = cosine.toFixed(3);
  value.value = cosine;
  button.type = "button";
  button.dataset.id = id;
  button.style.setProperty("--share", Math.max(0, cosine).toFixed(3));
  button.append(word, value);
  button.addEventListener("click", () => goTo(words[id]));
  button.addEventListener("pointerenter", () => point(id));
  button.addEventListener("pointerleave", () => point(-1));
  item.append(button);
  return item;
}

function facts() {
  const of = data.vocab_size > words.length ? `the ${number.format(words.length)} most frequent of ` : "";
  return `${of}${number.format(data.vocab_size)} words, ${number.format(data.vector_size)} dimensions`;
}

element("facts").textContent = facts();
element("legend").textContent = `${number.format(nMapped)} most frequent words, by ${data.method}`;
window.addEventListener("hashchange", answer);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
new ResizeObserver(resize).observe(canvas);
resize();
answer();
