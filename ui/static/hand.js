// What is done on the picture by hand: a mask painted with brush, rectangle, lasso or a click on an object, and boxes
// that are drawn, named, moved and resized. Mouse, finger, pen and keys go one way: down, move, up.
(() => {
  "use strict";

  const { say, state, find, all, overlay, pointAt, CLICKS, KEYS, act } = window.maquette.kit;
  const hooks = window.maquette.kit;
  const BRUSH = "#b4532a", LEAST = 0.03, STEP = 0.02;
  const INKS = { red: "#e5484d", yellow: "#ffd60a", blue: "#2f8cff", white: "#ffffff" };  // as in ui/notes.py
  const hand = { notes: [], ink: "red", mode: "brush", erase: false, down: null, before: null, points: [], at: [0.5, 0.5], boxes: [], changed: false };
  hooks.moved = [];  // what follows the boxes: called with whether the hand has let go

  const canvas = () => find(".mq-canvas");

  // ---- The mask

  function painted() {
    return document.body.dataset.painted === "yes" && canvas() !== null;
  }

  function clearPaint() {
    const target = canvas();
    if (target) target.getContext("2d").clearRect(0, 0, target.width, target.height);
    document.body.dataset.painted = "";
  }

  function notePaint() {
    const target = canvas();
    const data = target.getContext("2d").getImageData(0, 0, target.width, target.height).data;
    let some = false;
    for (let at = 3; at < data.length && !some; at += 4) some = data[at] > 16;
    document.body.dataset.painted = some ? "yes" : "";
  }

  function pen() {
    const drawing = canvas().getContext("2d");
    drawing.globalCompositeOperation = hand.erase ? "destination-out" : "source-over";
    drawing.fillStyle = drawing.strokeStyle = BRUSH;
    drawing.lineCap = drawing.lineJoin = "round";
    return drawing;
  }

  // ---- Notes: strokes over the picture, which say where; what is to be done there is said beside

  function drawNotes() {
    const target = find(".mq-notes");
    document.body.dataset.noted = hand.notes.length && target ? "yes" : "";
    if (!target) return;
    const drawing = target.getContext("2d"), on = ([x, y]) => [x * target.width, y * target.height];
    drawing.clearRect(0, 0, target.width, target.height);
    drawing.lineCap = drawing.lineJoin = "round";
    for (const { colour, points } of hand.notes) for (const [width, style] of [[12, "#1a1a1a"], [8, INKS[colour]]]) {
      drawing.lineWidth = width;
      drawing.strokeStyle = style;
      drawing.beginPath();
      drawing.moveTo(...on(points[0]));
      points.forEach((point) => drawing.lineTo(on(point)[0] + 0.01, on(point)[1]));
      drawing.stroke();
    }
  }

  function noteMove(point) {
    const { points } = hand.notes.at(-1), [x, y] = points.at(-1);
    if (points.length < 400 && Math.hypot(point[0] - x, point[1] - y) > 0.004) points.push(point);
    drawNotes();
  }

  function clearNotes() {
    hand.notes = [];
    drawNotes();
  }

  function fillBox(box) {
    const target = canvas(), drawing = pen(), margin = 0.02 * target.width;
    drawing.beginPath();
    drawing.roundRect(box[0] * target.width - margin, box[1] * target.height - margin,
      (box[2] - box[0]) * target.width + 2 * margin, (box[3] - box[1]) * target.height + 2 * margin, margin * 2);
    drawing.fill();
    notePaint();
  }

  function brushWidth() {
    return (Number(find(".mq-size")?.value || 10) / 100) * canvas().width;
  }

  // Points are fractions of the picture.
  function penDown(point) {
    hand.down = point;
    if (hand.mode === "note") {
      hand.notes.push({ colour: hand.ink, points: [point] });
      return drawNotes();
    }
    hand.points = [point];
    hand.before = canvas().getContext("2d").getImageData(0, 0, canvas().width, canvas().height);
    penMove(point);
  }

  function penMove(point) {
    if (hand.mode === "note") return noteMove(point);
    const target = canvas(), drawing = pen(), on = ([x, y]) => [x * target.width, y * target.height];
    if (hand.mode === "brush") {
      drawing.lineWidth = brushWidth();
      drawing.beginPath();
      drawing.moveTo(...on(hand.points.at(-1)));
      drawing.lineTo(on(point)[0] + 0.01, on(point)[1]);
      drawing.stroke();
    }
    hand.points.push(point);
    if (hand.mode !== "rectangle" && hand.mode !== "lasso") return;
    drawing.putImageData(hand.before, 0, 0);
    drawing.beginPath();
    if (hand.mode === "lasso") hand.points.forEach((one, index) => drawing[index ? "lineTo" : "moveTo"](...on(one)));
    else drawing.rect(...on(hand.down), (point[0] - hand.down[0]) * target.width, (point[1] - hand.down[1]) * target.height);
    drawing.closePath();
    drawing.fill();
  }

  function penUp() {
    const point = hand.points.at(-1);
    hand.down = hand.before = null;
    if (hand.mode === "note") return;
    if (hand.mode === "object") fillObject(point);
    notePaint();
  }

  // What is at a point: its outline, where something on the server outlines things; else the box it was seen in.
  async function fillObject(point) {
    const found = objectAt(point), target = canvas(), picture = find(".mq-stage").dataset.picture;
    const outline = await outlineAt(picture, point);
    if (canvas() !== target) return;
    if (!outline) return found && fillBox(found.box);
    const layer = Object.assign(document.createElement("canvas"), { width: target.width, height: target.height });
    const drawing = layer.getContext("2d");
    drawing.drawImage(outline, 0, 0, layer.width, layer.height);
    drawing.globalCompositeOperation = "source-in";
    drawing.fillStyle = BRUSH;
    drawing.fillRect(0, 0, layer.width, layer.height);
    pen().drawImage(layer, 0, 0);
    notePaint();
  }

  async function outlineAt(picture, [x, y]) {
    if (hand.noOutlines) return null;
    const answer = await fetch(`outlines/${picture}.png?x=${x.toFixed(4)}&y=${y.toFixed(4)}`).catch(() => null);
    if (answer?.status === 200) return createImageBitmap(await answer.blob());
    hand.noOutlines = answer?.status === 204;
    return null;
  }

  // The smallest thing that was seen where one points.
  function objectAt([x, y]) {
    const area = ({ box }) => (box[2] - box[0]) * (box[3] - box[1]);
    const there = JSON.parse(canvas()?.dataset.objects || "[]").map(([name, box]) => ({ name, box }))
      .filter(({ box }) => x >= box[0] && x <= box[2] && y >= box[1] && y <= box[3]);
    return there.sort((a, b) => area(a) - area(b))[0];
  }

  function place(event, within) {
    const area = within.getBoundingClientRect();
    return [(event.clientX - area.left) / area.width, (event.clientY - area.top) / area.height].map((one) => Math.min(1, Math.max(0, one)));
  }

  function ring(event) {
    const mark = overlay("mq-ring"), target = canvas(), brush = hand.mode === "brush";
    const over = target && event.target === target && state.tool === "paint" && event.pointerType === "mouse";
    mark.hidden = !(over && brush);
    if (over && hand.mode === "object" && !hand.down) showObject(objectAt(place(event, target)));
    if (mark.hidden) return;
    const width = brushWidth() * (target.getBoundingClientRect().width / target.width);
    Object.assign(mark.style, { width: `${width}px`, height: `${width}px`, left: `${event.clientX}px`, top: `${event.clientY}px` });
  }

  function showObject(found) {
    pointAt(found ? { dataset: { boxes: JSON.stringify([found.box]) }, classList: [] } : null);
  }

  function setMode(mode) {
    if (hand.down) penUp();
    hand.mode = mode;
    showModes();
  }

  function showModes() {
    document.body.dataset.pen = hand.mode;
    all("[data-mode]").forEach((at) => at.setAttribute("aria-pressed", String(at.dataset.mode === hand.mode)));
    all("[data-brush]").forEach((at) => at.setAttribute("aria-pressed", String(hand.erase)));
    all("[data-ink]").forEach((at) => at.setAttribute("aria-pressed", String(at.dataset.ink === hand.ink)));
  }

  // Keys on the canvas: arrows move a cross, space puts the pen down and lifts it.
  function penKey(event) {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way) {
      const far = event.shiftKey ? 4 * STEP : STEP;
      hand.at = hand.at.map((one, side) => Math.min(1, Math.max(0, one + way[side] * far)));
      if (hand.down) penMove(hand.at);
      else if (hand.mode === "object") showObject(objectAt(hand.at));
    } else if (event.key === " " || event.key === "Enter") {
      if (hand.down) penUp();
      else { penDown(hand.at); if (hand.mode === "object") penUp(); }
    } else return;
    event.preventDefault();
    showCross(true);
  }

  function showCross(on) {
    const cross = find(".mq-cross");
    if (!cross) return;
    cross.hidden = !on;
    Object.assign(cross.style, { left: `${100 * hand.at[0]}%`, top: `${100 * hand.at[1]}%` });
    cross.dataset.down = hand.down ? "yes" : "";
  }

  // ---- Boxes: {name, box}, kept here and drawn into the stage whenever that is rendered again

  function fromPicture() {
    const regions = JSON.parse(find(".mq-hand")?.dataset.regions || "[]");
    hand.boxes = regions.map(([name, box]) => ({ name, box }));
    hand.changed = false;
  }

  function drawBoxes() {
    const layer = find(".mq-hand");
    if (!layer) return;
    const held = document.activeElement?.closest?.(".mq-handbox")?.dataset.at;
    const typing = document.activeElement?.matches?.(".mq-handbox input");
    layer.replaceChildren(...hand.boxes.map(boxElement));
    if (held !== undefined) find(`.mq-handbox[data-at="${held}"]${typing ? " input" : ""}`)?.focus();
    noteBoxes();
  }

  function boxElement(one, index) {
    const at = document.createElement("div"), name = document.createElement("input"), corner = document.createElement("i");
    at.className = "mq-handbox";
    at.dataset.at = index;
    at.tabIndex = 0;
    at.setAttribute("role", "group");
    name.value = one.name;
    name.placeholder = say("what is here?");
    name.maxLength = 120;
    name.setAttribute("aria-label", say("What belongs into this box"));
    name.autocomplete = "off";
    corner.setAttribute("aria-hidden", "true");
    at.append(name, corner);
    placeBox(at, one);
    return at;
  }

  function placeBox(at, { name, box }) {
    const fits = ([x0, y0, x1, y1]) => ({ left: `${100 * x0}%`, top: `${100 * y0}%`, width: `${100 * (x1 - x0)}%`, height: `${100 * (y1 - y0)}%` });
    Object.assign(at.style, fits(box));
    at.setAttribute("aria-label", say("Box for {name}: arrow keys move it, with shift they resize it, Delete takes it away",
      { name: name || say("something that has no name yet") }));
  }

  function noteBoxes() {
    const nameless = hand.boxes.filter((one) => !one.name.trim()).length, count = hand.boxes.length;
    const note = find(".mq-boxbar [role=status]"), draw = find("[data-draw-boxes]");
    const said = !count ? say("Drag on the picture to draw a box, then say what belongs there.")
      : nameless === 1 ? say("One box has no name yet.")
        : nameless ? say("Boxes that have no name yet: {count}.", { count: nameless })
          : hand.changed ? say("These boxes go with your next message; Draw sends them as they are.") : say("This is the layout. Move, name or add boxes.");
    if (note && note.textContent !== said) note.textContent = said;
    if (draw) draw.disabled = !ready();
    document.body.dataset.boxed = hand.changed && count ? "yes" : "";
  }

  function ready() {
    return hand.changed && hand.boxes.length > 0 && hand.boxes.every((one) => one.name.trim());
  }

  function changeBoxes(letGo, redraw = true) {
    hand.changed = true;
    if (redraw) drawBoxes(); else noteBoxes();
    hooks.moved.forEach((run) => run(letGo));
  }

  const inside = (low, high) => {  // a span moved into 0..1, its length kept
    const by = Math.max(0, -low) - Math.max(0, high - 1);
    return [low + by, high + by];
  };

  function shift(box, x, y) {
    const [x0, x1] = inside(box[0] + x, box[2] + x), [y0, y1] = inside(box[1] + y, box[3] + y);
    return [x0, y0, x1, y1];
  }

  function resize(box, x, y) {
    return [box[0], box[1], Math.min(1, Math.max(box[0] + LEAST, x)), Math.min(1, Math.max(box[1] + LEAST, y))];
  }

  function addBox(box = [0.35, 0.35, 0.65, 0.65]) {
    hand.boxes.push({ name: "", box });
    changeBoxes(true);
    find(`.mq-handbox[data-at="${hand.boxes.length - 1}"] input`)?.focus();
  }

  function removeBox(index) {
    hand.boxes.splice(index, 1);
    changeBoxes(true);
    (find(`.mq-handbox[data-at="${Math.max(0, index - 1)}"]`) || find("[data-box=add]"))?.focus();
  }

  let drag = null;

  function boxDown(event) {
    const layer = find(".mq-hand"), at = event.target.closest(".mq-handbox"), point = place(event, layer);
    if (event.target.matches("input")) return;
    event.preventDefault();
    layer.setPointerCapture(event.pointerId);
    if (at) {
      const index = Number(at.dataset.at);
      at.focus();
      drag = { index, from: point, box: hand.boxes[index].box, what: event.target.matches("i") ? "size" : "place" };
    } else {
      document.activeElement?.blur();
      drag = { index: -1, from: point, box: [...point, ...point], what: "new" };
    }
  }

  function boxMove(event) {
    const [x, y] = place(event, find(".mq-hand")), [x0, y0] = drag.from;
    if (drag.what === "new") {
      drag.box = [Math.min(x, x0), Math.min(y, y0), Math.max(x, x0), Math.max(y, y0)];
      if (drag.index < 0 && (Math.abs(x - x0) < LEAST || Math.abs(y - y0) < LEAST)) return;
      if (drag.index < 0) { drag.index = hand.boxes.push({ name: "", box: drag.box }) - 1; changeBoxes(false); }
      hand.boxes[drag.index].box = drag.box;
    } else {
      hand.boxes[drag.index].box = drag.what === "size" ? resize(drag.box, x, y) : shift(drag.box, x - x0, y - y0);
    }
    placeBox(find(`.mq-handbox[data-at="${drag.index}"]`), hand.boxes[drag.index]);
    drag.moved = true;
    changeBoxes(false, false);
  }

  function boxUp() {
    const { index, moved, what } = drag;
    drag = null;
    if (!moved) return;
    changeBoxes(true);
    if (what === "new") find(`.mq-handbox[data-at="${index}"] input`)?.focus();
  }

  function boxKey(event) {
    const at = event.target, index = Number(at.dataset.at), one = hand.boxes[index];
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (way) {
      const [x, y] = way.map((side) => side * STEP);
      one.box = event.shiftKey ? resize(one.box, one.box[2] + x, one.box[3] + y) : shift(one.box, x, y);
      changeBoxes(true);
    } else if (event.key === "Delete" || event.key === "Backspace") removeBox(index);
    else if (event.key === "Enter") at.querySelector("input").focus();
    else return;
    event.preventDefault();
  }

  // ---- Hooks and listening

  Object.assign(CLICKS, {
    paint: (at) => { if (hand.mode === "note" && at.closest(".mq-paintbar")) clearNotes(); else clearPaint(); },
    ink: (at) => { hand.ink = at.dataset.ink; showModes(); },
    note: (at) => { if (at.dataset.note === "back") { hand.notes.pop(); drawNotes(); } else clearNotes(); },
    mode: (at) => setMode(at.dataset.mode),
    fill: (at) => JSON.parse(at.dataset.fill).forEach(fillBox),
    brush: () => { hand.erase = !hand.erase; showModes(); },
    box: (at) => {
      if (at.dataset.box === "add") return addBox();
      fromPicture();
      if (at.dataset.box === "clear") hand.boxes = [];
      drawBoxes();
      hooks.moved.forEach((run) => run(true));
    },
    drawBoxes: () => act({ act: "say", text: "" }),
  });
  const modeKeys = { 1: "brush", 2: "rectangle", 3: "lasso", 4: "object", 5: "note" };
  for (const [key, mode] of Object.entries(modeKeys)) KEYS[key] = () => {
    const button = find(`.mq-paintbar [data-mode="${mode}"]`);
    if (state.tool === "paint" && button && !button.disabled) setMode(mode);
  };
  const widen = (by) => { const size = find(".mq-size"); if (state.tool === "paint" && size) size.value = Number(size.value) + by; };
  KEYS["["] = () => widen(-2);
  KEYS["]"] = () => widen(2);
  KEYS.e = () => { if (state.tool === "paint") { hand.erase = !hand.erase; showModes(); } };

  hooks.tell.push(() => ({ mask: painted() ? canvas().toDataURL("image/png") : null,
    notes: find(".mq-notes") ? hand.notes : [],
    boxes: ready() ? hand.boxes.map(({ name, box }) => [name.trim(), box]) : [] }));
  hooks.taken.push(() => { clearPaint(); clearNotes(); hand.boxes = []; hand.changed = false; drawBoxes(); });
  hooks.shown.push((other) => {
    if (other) { clearPaint(); hand.notes = []; hand.down = null; if (!hand.changed) fromPicture(); }
    drawBoxes();
    drawNotes();
    showModes();
  });
  hooks.chosen.push((tool) => {
    if (tool === "boxes" && !hand.changed) { fromPicture(); drawBoxes(); }
    showCross(false);
  });

  document.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (event.target === canvas()) {
      event.preventDefault();
      event.target.setPointerCapture(event.pointerId);
      penDown(place(event, event.target));
      showCross(false);
    } else if (event.target.closest?.(".mq-hand")) boxDown(event);
  });
  document.addEventListener("pointermove", (event) => {
    ring(event);
    if (hand.down && event.target === canvas()) penMove(place(event, canvas()));
    if (drag) boxMove(event);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    document.addEventListener(name, () => { if (hand.down) penUp(); if (drag) boxUp(); });
  }
  document.addEventListener("keydown", (event) => {
    if (event.target === canvas()) penKey(event);
    else if (event.target.matches?.(".mq-handbox")) boxKey(event);
    else if (event.target.matches?.(".mq-handbox input") && (event.key === "Enter" || event.key === "Escape")) {
      event.preventDefault();
      event.target.parentElement.focus();
    }
  }, true);
  document.addEventListener("focusin", (event) => { if (event.target === canvas()) showCross(canvas().matches(":focus-visible")); });
  document.addEventListener("focusout", (event) => { if (event.target === canvas()) { if (hand.down) penUp(); showCross(false); } });
  document.addEventListener("input", (event) => {
    const at = event.target.closest?.(".mq-handbox");
    if (!at) return;
    const one = hand.boxes[Number(at.dataset.at)];
    one.name = event.target.value;
    placeBox(at, one);
    changeBoxes(false, false);
  });
})();
