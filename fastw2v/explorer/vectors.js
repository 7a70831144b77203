// SPDX-License-Identifier: Apache-2.0
// The vectors that the page carries, and the search among them.

const data = JSON.parse(document.getElementById("data").textContent);

/** Words, the most frequent first. */
const words = data.words;
/** Rows of int8, one after the other. Only their directions count. */
const rows = decodeRows(document.getElementById("rows").textContent);
const norms = rowNorms();
const idOf = new Map(words.map((word, id) => [word, id]));

function decodeRows(base64) {
  const bytes = atob(base64);
  const decoded = new Int8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) decoded[i] = bytes.charCodeAt(i);
  return decoded;
}

function rowNorms() {
  const lengths = new Float32Array(words.length);
  for (let id = 0; id < words.length; id++) {
    lengths[id] = Math.hypot(...rows.subarray(id * data.vector_size, (id + 1) * data.vector_size));
  }
  return lengths;
}

/** The direction of a sum of unit vectors, for terms {id, weight}; null if it has none. */
function direction(terms) {
  const sum = new Float32Array(data.vector_size);
  for (const { id, weight } of terms) {
    const factor = norms[id] > 0 ? weight / norms[id] : 0;
    for (let k = 0; k < sum.length; k++) sum[k] += factor * rows[id * sum.length + k];
  }
  const length = Math.hypot(...sum);
  return length > 1e-6 ? sum.map((x) => x / length) : null;
}

/** The ids nearest to a unit vector, as {id, cosine}, among the first `among` words. */
function nearest(unit, topn, excluded, among = words.length) {
  const found = [];
  for (let id = 0; id < among; id++) {
    if (norms[id] === 0 || excluded.has(id)) continue;
    let dot = 0;
    for (let k = 0, at = id * unit.length; k < unit.length; k++, at++) dot += unit[k] * rows[at];
    const cosine = dot / norms[id];
    if (found.length === topn && cosine <= found[topn - 1].cosine) continue;
    let place = found.length;
    while (place > 0 && found[place - 1].cosine < cosine) place--;
    found.splice(place, 0, { id, cosine });
    if (found.length > topn) found.pop();
  }
  return found;
}

/** The id of a word as it is, else of the word in small letters. */
function lookUp(word) {
  return idOf.get(word) ?? idOf.get(word.normalize("NFC")) ?? idOf.get(word.toLowerCase());
}

/** What a text asks for: a word, or words with + and - between them. */
function parse(text) {
  const whole = lookUp(text) ?? lookUp(text.trim()); // a word may be white space for JavaScript
  if (whole !== undefined) return { terms: [{ id: whole, weight: 1 }], unknown: [] };
  const terms = [];
  const unknown = [];
  let weight = 1;
  for (const token of text.split(/\s+/).filter(Boolean)) {
    const id = lookUp(token);
    if (token === "+" || token === "-" || token === "\u2212") weight = token === "+" ? 1 : -1;
    else {
      if (id === undefined) unknown.push(token);
      else terms.push({ id, weight });
      weight = 1;
    }
  }
  return { terms, unknown };
}
