// SPDX-License-Identifier: Apache-2.0
// The map: the most frequent words as points with labels, to zoom, to drag and to click.

const LABEL_SIZE = 12.5; // CSS pixels
const LEAST_SPAN = 300; // of 20,000: never zoom in further than to this by oneself
const REACH = 14; // how near, in pixels, a pointer must be to a point
const canvas = document.getElementById("map");
const pen = canvas.getContext("2d");
const nMapped = data.places.length / 2;
const fontFamily = getComputedStyle(document.body).fontFamily;
const labelWidths = new Map();
const camera = { x: 0, y: 0, scale: 1 }; // what is in the middle; pixels for one unit
let canvasSize = { width: 0, height: 0 };
let marks = []; // what was asked and found, as {id, x, y, main}
let pointed = -1; // the id under the pointer

/** Where a word is: on the map, else between the words of the map that are nearest to it. */
function placeOf(id) {
  if (id < nMapped) return { x: data.places[2 * id], y: data.places[2 * id + 1] };
  const unit = direction([{ id, weight: 1 }]);
  return unit && placeBetween(nearest(unit, 3, new Set(), nMapped));
}

function placeBetween(found) {
  const place = { x: 0, y: 0 };
  const total = found.reduce((sum, { cosine }) => sum + Math.max(cosine, 0.01) ** 4, 0);
  for (const { id, cosine } of found) {
    const share = Math.max(cosine, 0.01) ** 4 / total;
    place.x += share * data.places[2 * id];
    place.y += share * data.places[2 * id + 1];
  }
  return place;
}

/** Show what was asked, ids, and its neighbours. */
function mark(asked, found) {
  const marked = (main) => (id) => ({ id, main, ...placeOf(id) });
  marks = nMapped === 0 ? [] : [...asked.map(marked(true)), ...found.map(marked(false))];
  marks = marks.filter(({ x }) => x !== undefined);
  const first = marks[0] && toScreen(marks[0]);
  const { width, height } = canvasSize;
  if (first && (first.x < 40 || first.y < 40 || first.x > width - 80 || first.y > height - 40)) {
    Object.assign(camera, { x: marks[0].x, y: marks[0].y });
  }
  draw();
}

function toScreen({ x, y }) {
  return {
    x: (x - camera.x) * camera.scale + canvasSize.width / 2,
    y: (camera.y - y) * camera.scale + canvasSize.height / 2,
  };
}

// ---- drawing ----

/** The colours of the style sheet, which follow the system from light to dark. */
function colours() {
  const style = getComputedStyle(canvas);
  const names = ["paper", "point", "faint", "ink", "accent"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`)]));
}

function draw() {
  const { width, height } = canvasSize;
  const { paper, point: faintest, faint, ink, accent } = colours();
  const ratio = window.devicePixelRatio || 1;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.textBaseline = "middle";
  const taken = []; // boxes of labels
  const own = new Set(marks.map(({ id }) => id));
  const others = [];
  for (let id = 0; id < nMapped; id++) {
    const at = toScreen(placeOf(id));
    const inside = at.x > -5 && at.y > -5 && at.x < width + 5 && at.y < height + 5;
    if (inside && !own.has(id)) others.push({ id, at });
  }
  for (const { at } of others) dot(at, 2, faintest);
  for (const { id, x, y, main } of marks) {
    const at = toScreen({ x, y });
    const look = main ? { size: 16, force: true } : { size: 13.5 };
    dot(at, main ? 5 : 3.5, accent, id >= nMapped);
    label(id, at, taken, { ...look, weight: 650, ink: accent, edge: paper });
  }
  if (pointed >= 0) {
    const at = toScreen(marks.find(({ id }) => id === pointed) ?? placeOf(pointed));
    dot(at, 4, ink);
    label(pointed, at, taken, { size: 15, weight: 650, ink, edge: paper, force: true });
  }
  const plain = { size: LABEL_SIZE, weight: 400, ink: marks.length ? faint : ink };
  for (const { id, at } of others) label(id, at, taken, plain);
}

function dot({ x, y }, radius, ink, hollow = false) {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.lineWidth = 1.5;
  pen.fillStyle = pen.strokeStyle = ink;
  if (hollow) pen.stroke();
  else pen.fill();
}

/** Write a word beside its point, unless that would cover another label. */
function label(id, { x, y }, taken, { size, weight, ink, edge, force = false }) {
  const width = (widthOf(id) * size) / LABEL_SIZE;
  const right = x + 7 + width < canvasSize.width;
  const box = { x: right ? x + 7 : x - 7 - width, y: y - size * 0.6, width, height: size * 1.25 };
  const covers = (other) =>
    box.x < other.x + other.width + 3 && other.x < box.x + box.width + 3 &&
    box.y < other.y + other.height && other.y < box.y + box.height;
  if (!force && taken.some(covers)) return;
  taken.push(box);
  pen.font = font(size, weight);
  if (edge) {
    pen.lineJoin = "round";
    pen.lineWidth = 4;
    pen.strokeStyle = edge;
    pen.strokeText(words[id], box.x, y);
  }
  pen.fillStyle = ink;
  pen.fillText(words[id], box.x, y);
}

function font(size, weight) {
  return `${weight} ${size}px ${fontFamily}`;
}

function widthOf(id) {
  if (!labelWidths.has(id)) {
    pen.font = font(LABEL_SIZE, 600);
    labelWidths.set(id, pen.measureText(words[id]).width);
  }
  return labelWidths.get(id);
}

// ---- moving ----

/** Show these places: of all words on the map, or of what was asked and found. */
function fit(places) {
  const [xs, ys] = ["x", "y"].map((axis) => places.map((place) => place[axis]));
  const middle = (values) => (values.length ? (Math.min(...values) + Math.max(...values)) / 2 : 0);
  const span = (values) => (values.length ? Math.max(...values) - Math.min(...values) : 0);
  const fitting = (size, values) => size / Math.max(span(values), LEAST_SPAN);
  camera.x = middle(xs);
  camera.y = middle(ys);
  camera.scale = 0.86 * Math.min(fitting(canvasSize.width, xs), fitting(canvasSize.height, ys));
  draw();
}

function showAll() {
  fit(Array.from({ length: nMapped }, (_, id) => placeOf(id)));
}

/** Zoom, with the point at (x, y) of the screen staying where it is. */
function zoom(factor, x = canvasSize.width / 2, y = canvasSize.height / 2) {
  const [dx, dy] = [x - canvasSize.width / 2, y - canvasSize.height / 2];
  camera.x += (dx / camera.scale) * (1 - 1 / factor);
  camera.y -= (dy / camera.scale) * (1 - 1 / factor);
  camera.scale *= factor;
  draw();
}

/** Point at a word, in the map and in the list. */
function point(id) {
  if (id === pointed) return;
  pointed = id;
  canvas.classList.toggle("pointing", id >= 0);
  for (const button of document.querySelectorAll("#neighbours button")) {
    button.classList.toggle("pointed", Number(button.dataset.id) === id);
  }
  draw();
}

function idAt(x, y) {
  let best = { id: -1, distance: REACH };
  const consider = (id, place, bonus) => {
    const at = toScreen(place);
    const distance = Math.hypot(at.x - x, at.y - y) - bonus;
    if (distance < best.distance) best = { id, distance };
  };
  for (let id = 0; id < nMapped; id++) consider(id, placeOf(id), 0);
  for (const { id, x: markX, y: markY } of marks) consider(id, { x: markX, y: markY }, 4);
  return best.id;
}

const pointers = new Map(); // those that are down, by id: where they are
let moved = 0;

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
  if (pointers.size === 1) moved = 0;
});
canvas.addEventListener("pointermove", (event) => {
  const at = { x: event.offsetX, y: event.offsetY };
  const before = pointers.get(event.pointerId);
  if (!before) {
    point(idAt(at.x, at.y));
    return;
  }
  moved += Math.hypot(at.x - before.x, at.y - before.y);
  canvas.classList.toggle("dragging", moved > 4);
  const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
  pointers.set(event.pointerId, at);
  if (other) {
    const distance = (p) => Math.max(Math.hypot(p.x - other.x, p.y - other.y), 1);
    zoom(distance(at) / distance(before), other.x, other.y);
  } else {
    camera.x -= (at.x - before.x) / camera.scale;
    camera.y += (at.y - before.y) / camera.scale;
    draw();
  }
});
canvas.addEventListener("pointerup", (event) => {
  pointers.delete(event.pointerId);
  canvas.classList.remove("dragging");
  const id = idAt(event.offsetX, event.offsetY);
  if (moved <= 4 && id >= 0) goTo(words[id]);
});
canvas.addEventListener("pointercancel", (event) => pointers.delete(event.pointerId));
canvas.addEventListener("pointerleave", () => point(-1));
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.offsetX, event.offsetY);
}, { passive: false });
for (const button of document.querySelectorAll("#zoom button")) {
  const show = { all: showAll, found: () => fit(marks.length ? marks : [camera]) };
  const { zoom: what } = button.dataset;
  button.addEventListener("click", show[what] ?? (() => zoom(Number(what))));
}

/** Give the canvas the size of its place; the first time, show all. */
function resize() {
  const { width, height } = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  const isFirst = canvasSize.width === 0;
  canvasSize = { width, height };
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  if (isFirst) showAll();
  else draw();
}
