// What the page does in the browser: painting, comparing, pointing at boxes, menus, keys.
// The server renders all HTML; nothing here writes markup from text. State that must outlive a re-render
// (Gradio morphs the HTML of its parts) sits on <body> as data- attributes, where the style sheet reads it.
(() => {
  "use strict";

  const BRUSH = "#b4532a";
  const state = { session: null, busy: false, taken: null, tool: "look", erase: false, glimpse: null, picture: null };
  let act = () => {};

  const find = (query) => document.querySelector(query);
  const all = (query) => [...document.querySelectorAll(query)];
  const canvas = () => find(".mq-canvas");

  function remembered(name) {
    try { return localStorage.getItem(name); } catch { return null; }
  }
  function remember(name, value) {
    try { localStorage.setItem(name, value); } catch { /* a private window keeps nothing, which is fine */ }
  }

  // ---- Between server and page

  function tell() {
    const address = new URLSearchParams(location.search).get("session");
    return JSON.stringify({
      session: state.session || address || null,
      model: remembered("maquette-model"),
      mask: painted() ? canvas().toDataURL("image/png") : null,
      picture: find(".mq-stage")?.dataset.picture || null,
    });
  }

  function signal(text) {
    if (!text) return;
    let now;
    try { now = JSON.parse(text); } catch { return; }
    if (now.session !== state.session) setTimeout(toEnd, 400);
    state.session = now.session;
    showAddress();
    if (now.taken && now.taken !== state.taken) {
      state.taken = now.taken;
      clearPaint();
      choose("look");
      setTimeout(toEnd, 150);
    }
    state.busy = !!now.busy;
    document.body.dataset.busy = state.busy ? (now.stopping ? "stopping" : "working") : "";
    state.glimpse = now.busy ? now.glimpse : null;
    showProgress(now);
    updateSend();
  }

  // The session lives in the address, so that a reload or a bookmark finds it; an unknown one leaves it.
  function showAddress() {
    const words = new URLSearchParams(location.search);
    if (words.get("session") === state.session) return;
    if (state.session) words.set("session", state.session); else words.delete("session");
    history.replaceState(null, "", words.size ? `?${words}` : location.pathname);
  }

  function showProgress(now) {
    const doing = find(".mq-doing"), bar = find(".mq-bar i"), image = find(".mq-glimpse");
    if (doing) doing.textContent = state.busy ? [now.doing, now.progress].filter(Boolean).join(" · ") : "";
    if (bar) bar.style.width = now.steps ? `${(100 * now.step) / now.steps}%` : "0";
    document.body.dataset.glimpse = state.glimpse ? "yes" : "";
    if (image && state.glimpse) image.src = state.glimpse;
  }

  function toEnd() {
    const talk = find("#talk .bubble-wrap");
    if (talk) talk.scrollTop = talk.scrollHeight;
  }

  // Called whenever the server has rendered the stage or the top bar again.
  function shown() {
    const picture = find(".mq-stage")?.dataset.picture || null;
    if (picture !== state.picture) {
      state.picture = picture;
      clearPaint();
      split(50);
    }
    choose(state.tool);
    if (state.glimpse && find(".mq-glimpse")) find(".mq-glimpse").src = state.glimpse;
    const strip = find(".mq-versions"), here = find(".mq-versions [aria-current]")?.parentElement;
    if (here) strip.scrollLeft = here.offsetLeft - strip.clientWidth / 2;
    showModel();
    showTheme();
  }

  // ---- Tools of the stage

  function choose(tool) {
    const button = find(`[data-tool="${tool}"]`);
    if (!button || button.disabled) tool = "look";
    state.tool = tool;
    document.body.dataset.tool = tool;
    overlay("mq-ring").hidden = true;
    all("[data-tool]").forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.tool === tool)));
  }

  function split(value) {
    const compare = find(".mq-compare");
    if (!compare) return;
    compare.style.setProperty("--split", `${value}%`);
    const range = compare.querySelector("input");
    if (range && range.value !== String(value)) range.value = value;
  }

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

  function fillBox(box) {
    const target = canvas(), pen = target.getContext("2d");
    const margin = 0.02 * target.width;
    pen.globalCompositeOperation = state.erase ? "destination-out" : "source-over";
    pen.fillStyle = BRUSH;
    pen.beginPath();
    pen.roundRect(box[0] * target.width - margin, box[1] * target.height - margin,
      (box[2] - box[0]) * target.width + 2 * margin, (box[3] - box[1]) * target.height + 2 * margin, margin * 2);
    pen.fill();
    notePaint();
  }

  function place(event) {
    const target = canvas(), area = target.getBoundingClientRect();
    return [((event.clientX - area.left) / area.width) * target.width,
      ((event.clientY - area.top) / area.height) * target.height];
  }

  function brushWidth() {
    return (Number(find(".mq-size")?.value || 10) / 100) * canvas().width;
  }

  let stroke = null;

  function startStroke(event) {
    if (event.button !== 0) return;
    event.preventDefault();
    event.target.setPointerCapture(event.pointerId);
    stroke = place(event);
    drawTo(stroke);
  }

  function drawTo(point) {
    const pen = canvas().getContext("2d");
    pen.globalCompositeOperation = state.erase ? "destination-out" : "source-over";
    pen.strokeStyle = BRUSH;
    pen.lineCap = pen.lineJoin = "round";
    pen.lineWidth = brushWidth();
    pen.beginPath();
    pen.moveTo(...stroke);
    pen.lineTo(point[0] + 0.01, point[1]);
    pen.stroke();
    stroke = point;
  }

  function ring(event) {
    const mark = overlay("mq-ring"), target = canvas();
    const over = event.target === target && state.tool === "paint" && event.pointerType === "mouse";
    mark.hidden = !over;
    if (!over) return;
    const width = brushWidth() * (target.getBoundingClientRect().width / target.width);
    Object.assign(mark.style, { width: `${width}px`, height: `${width}px`, left: `${event.clientX}px`, top: `${event.clientY}px` });
  }

  // ---- Pointing: boxes on the picture, tips beside badges

  function overlay(name) {
    let mark = find(`body > .${name}`);
    if (!mark) {
      mark = document.createElement("div");
      mark.className = name;
      mark.hidden = true;
      mark.setAttribute("aria-hidden", "true");
      document.body.append(mark);
    }
    return mark;
  }

  function pointAt(element) {
    const layer = find(".mq-boxes");
    if (layer) {
      const boxes = element?.dataset.boxes ? JSON.parse(element.dataset.boxes) : [];
      layer.replaceChildren(...boxes.map((box) => {
        const mark = document.createElement("i");
        Object.assign(mark.style, { left: `${box[0] * 100}%`, top: `${box[1] * 100}%`,
          width: `${(box[2] - box[0]) * 100}%`, height: `${(box[3] - box[1]) * 100}%` });
        return mark;
      }));
    }
    const tip = overlay("mq-tip"), text = element?.dataset.tip;
    tip.hidden = !text;
    if (!text) return;
    tip.textContent = text;
    const area = element.getBoundingClientRect();
    tip.style.left = `${Math.max(8, Math.min(area.left, innerWidth - tip.offsetWidth - 8))}px`;
    tip.style.top = `${area.top - tip.offsetHeight - 8 > 0 ? area.top - tip.offsetHeight - 8 : area.bottom + 8}px`;
  }

  // ---- Model, light and dark

  function showModel() {
    const group = find("[data-default]");
    if (!group) return;
    const usable = all("[data-model]:not(:disabled)").map((one) => one.dataset.model);
    const picked = usable.includes(remembered("maquette-model")) ? remembered("maquette-model") : group.dataset.default;
    all("[data-model]").forEach((one) => one.setAttribute("aria-checked", String(one.dataset.model === picked)));
    const name = find(".mq-model-name");
    if (name && name.textContent !== picked) name.textContent = picked;
  }

  function showTheme() {
    const kept = remembered("maquette-theme");
    if (kept) document.body.classList.toggle("dark", kept === "dark");
  }

  // ---- Message box

  function updateSend() {
    const send = find("#box .submit-button");
    if (!send) return;
    const text = find("#box textarea")?.value.trim();
    const file = find("#box .thumbnail-item, #box .thumbnails img");
    const off = state.busy || (!text && !file);
    if (send.disabled !== off) send.disabled = off;
    if (send.getAttribute("aria-label") !== "Send") send.setAttribute("aria-label", "Send");
    // Gradio labels every message with its source text, markup and all.
    all("#talk [data-testid][aria-label*='message:']").forEach((at) =>
      at.setAttribute("aria-label", at.dataset.testid === "user" ? "You said" : "The studio said"));
  }

  function stop() {
    if (state.busy) find("#stop")?.click();
  }

  // ---- Listening, once, on the document: parts come and go

  const CLICKS = {
    tool: (at) => choose(at.dataset.tool),
    act: (at) => act({ act: at.dataset.act, id: at.dataset.id }),
    say: (at) => act({ act: "say", text: at.dataset.say }),
    paint: () => clearPaint(),
    fill: (at) => JSON.parse(at.dataset.fill).forEach(fillBox),
    brush: (at) => { state.erase = !state.erase; at.setAttribute("aria-pressed", String(state.erase)); },
    model: (at) => { remember("maquette-model", at.dataset.model); showModel(); at.closest("details").open = false; },
    copy: (at) => navigator.clipboard?.writeText(at.dataset.copy),
    sheet: () => { document.body.dataset.sheet = document.body.dataset.sheet === "tall" ? "" : "tall"; },
    dismiss: (at) => { at.closest(".mq-note").hidden = true; },
    themeSwitch: () => {
      remember("maquette-theme", document.body.classList.contains("dark") ? "light" : "dark");
      showTheme();
    },
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button, [role=button]");
    if (button && !button.disabled) {
      for (const [name, run] of Object.entries(CLICKS)) if (name in button.dataset) run(button);
    }
    all("details.mq-menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener("pointerdown", (event) => { if (event.target === canvas()) startStroke(event); });
  document.addEventListener("pointermove", (event) => { ring(event); if (stroke) drawTo(place(event)); });
  for (const name of ["pointerup", "pointercancel"]) {
    document.addEventListener(name, () => { if (stroke) { stroke = null; notePaint(); } });
  }
  for (const name of ["pointerover", "focusin"]) {
    document.addEventListener(name, (event) => pointAt(event.target.closest?.("[data-boxes], [data-tip]")));
  }
  document.addEventListener("input", (event) => {
    if (event.target.closest?.(".mq-compare")) split(event.target.value);
    updateSend();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = find("details.mq-menu[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); } else stop();
    pointAt(null);
  });

  let hidden = 0;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) hidden = Date.now();
    else if (state.session && !state.busy && Date.now() - hidden > 1000) act({ act: "refresh" });
  });
  // A lost event (two tabs, a pasted picture, Gradio's own re-render) must not leave the button wrong.
  setInterval(updateSend, 300);

  window.maquette = { tell, signal, shown, connect: (trigger) => { act = trigger; } };
})();
