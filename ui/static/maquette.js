// What the page does in the browser: comparing, pointing at boxes, menus, keys. `hand.js` paints and draws boxes,
// `live.js` follows what is typed and dragged; they add to `window.maquette.kit`, and come after this in one file.
// The server renders all HTML; nothing here writes markup from text. State that must outlive a re-render
// (Gradio morphs the HTML of its parts) sits on <body> as data- attributes, where the style sheet reads it.
(() => {
  "use strict";

  const ID = /^[0-9a-f]{32}$/;
  const state = { session: null, answered: false, busy: false, taken: null, tool: "look", glimpse: null, picture: null,
    left: null, right: null, show: "slider", undone: [], earlier: 0, everything: false, asked: -1, model: null, since: 0, typed: 0 };
  let act = () => {};
  // What the other files hang in: more to tell with every event, and what to do when the stage was rendered again, when
  // a message was taken, when a tool was chosen.
  const kit = { state, tell: [], shown: [], taken: [], chosen: [] };

  // The page's own words come from the server's catalogue; what is said with the English text in double quotes is listed
  // there (`ui/words.py`). Names in braces stand for what is put in.
  const { language, texts } = window.maquetteWords;
  document.documentElement.lang = language;
  const say = (text, values = {}) => (texts[text] ?? text).replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);
  const NAMED = { seed: say("seed {value}"), steps: say("steps {value}"), guidance: say("guidance {value}"), size: say("size {value}"),
    model: say("model {value}"), negative: say("negative {value}"), style: say("style {value}"), images: say("images {value}"),
    seconds: say("seconds {value}") };
  const ADAPTER = "adapter:";
  const named = (name, value) => (NAMED[name] ?? `${name.replace(ADAPTER, "")} {value}`).replace("{value}", () => value);

  const find = (query) => document.querySelector(query);
  const all = (query) => [...document.querySelectorAll(query)];

  function remembered(name) {
    try { return localStorage.getItem(name); } catch { return null; }
  }
  function remember(name, value) {
    try { localStorage.setItem(name, value); } catch { /* a private window keeps nothing, which is fine */ }
  }

  // ---- Between server and page

  function tell() {
    const address = new URLSearchParams(location.search).get("session");
    return JSON.stringify(Object.assign({
      session: state.session || address || null,
      model: remembered("maquette-model"),
      picture: find(".mq-stage")?.dataset.picture || null,
      comparing: state.tool === "compare", left: state.left, right: state.right,
      earlier: state.earlier, everything: state.everything, settings: settings(),
    }, ...kit.tell.map((more) => more())));
  }

  // ---- Settings: what is set stays in this browser, as it was typed

  function settings() {
    try { return JSON.parse(remembered("maquette-settings")) || {}; } catch { return {}; }
  }

  function set(values) {
    const kept = { ...settings(), ...values };
    for (const name in kept) if (kept[name] === null || kept[name] === undefined || kept[name] === "") delete kept[name];
    remember("maquette-settings", JSON.stringify(kept));
    showSettings();
  }

  // Numbers come as text: a seed can be longer than the browser counts exactly.
  function recall(at) {
    const { text, model, source, ...kept } = JSON.parse(at.dataset.recall);
    if ("seedless" in at.dataset) delete kept.seed;
    if (all("[data-model]:not(:disabled)").some((one) => one.dataset.model === model)) remember("maquette-model", model);
    showModel();
    const sizes = [...find("[data-for]:not([hidden]) [data-setting=size]")?.options || []].map((one) => one.value);
    if (!sizes.includes(kept.size)) delete kept.size;
    const fields = all("[data-for]:not([hidden]) [data-setting]").map((one) => one.dataset.setting);
    for (const name of Object.keys(kept)) if (name.startsWith(ADAPTER) && !fields.includes(name)) delete kept[name];
    const worn = Object.keys(settings()).filter((name) => name.startsWith(ADAPTER)).map((name) => [name, null]);
    set({ seed: null, steps: null, guidance: null, negative: null, size: null, ...Object.fromEntries(worn), ...kept });
    type(text || "");
  }

  function type(text) {
    const box = find("#box textarea");
    if (!box) return;
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    box.focus();
    box.setSelectionRange(text.length, text.length);
  }

  function showSettings() {
    const kept = settings(), names = Object.keys(kept).filter((name) => name !== "planner");
    all("[data-lock]").forEach((at) => at.setAttribute("aria-pressed", String(at.dataset.lock === kept.seed)));
    all("[data-setting]").forEach((at) => {
      const value = kept[at.dataset.setting] ?? "";
      if (document.activeElement !== at && at.value !== value) at.value = value;
      if (at.tagName === "SELECT" && at.value !== value) at.value = "";
    });
    const worn = all("[data-preset]").filter((at) => at.dataset.preset === kept.style);
    all("[data-preset]").forEach((at) => at.setAttribute("aria-pressed", String(worn.includes(at))));
    const words = find("[data-preset-words]"), told = (worn.find((at) => !at.closest("[hidden]")) || worn[0])?.dataset.words || "";
    if (words && words.textContent !== told) words.textContent = told;
    document.body.dataset.kept = names.length ? "yes" : "";
    const note = find(".mq-kept span");
    if (note) note.textContent = names.map((name) => named(name, kept[name])).join(" · ");
    all("[data-clear]").forEach((at) => { at.hidden = !(at.dataset.clear in kept); });
  }

  function signal(text) {
    if (!text) return;
    let now;
    try { now = JSON.parse(text); } catch { return; }
    if (now.session !== state.session) setTimeout(toEnd, 400);
    if (location.hash && !now.busy) setTimeout(showNamed, 400);
    state.session = now.session;
    state.answered = true;
    showAddress();
    if (now.taken && now.taken !== state.taken) {
      state.taken = now.taken;
      state.undone = [];
      kit.taken.forEach((run) => run());
      if (state.tool !== "boxes") choose("look");
      setTimeout(toEnd, 150);
    }
    if (!!now.busy !== state.busy) state.since = now.busy ? Date.now() : 0;
    state.busy = !!now.busy;
    document.body.dataset.busy = state.busy ? (now.stopping ? "stopping" : "working") : "";
    state.glimpse = now.busy ? now.glimpse : null;
    showProgress(now);
    updateSend();
  }

  // The session lives in the address, so that a reload or a bookmark finds it; one that the server does not know leaves it.
  function showAddress() {
    const words = new URLSearchParams(location.search), before = words.toString();
    if (state.session) words.set("session", state.session); else if (state.answered) words.delete("session");
    if (document.body.dataset.view) words.set("view", document.body.dataset.view); else words.delete("view");
    if (words.toString() === before) return;
    history.replaceState(null, "", (words.size ? `?${words}` : location.pathname) + location.hash);
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
      state.left = state.right = null;
      split(50);
      kit.shown.forEach((run) => run(true));
    } else kit.shown.forEach((run) => run(false));
    choose(state.tool);
    showPair();
    showSettings();
    const redo = find("[data-redo]");
    if (redo) redo.disabled = !state.undone.length;
    if (state.glimpse && find(".mq-glimpse")) find(".mq-glimpse").src = state.glimpse;
    const map = find(".mq-map"), here = find(".mq-tree [aria-current]")?.parentElement;
    if (here && map.dataset.at !== picture) {
      map.dataset.at = picture;
      map.scrollTo(here.offsetLeft - map.clientWidth / 2, here.offsetTop - map.clientHeight / 2);
    }
    showModel();
    showTheme();
  }

  // ---- Tools of the stage

  function choose(tool) {
    const button = find(`[data-tool="${tool}"]`);
    if (!button || button.disabled) tool = "look";
    const fresh = state.tool !== tool;
    state.tool = tool;
    document.body.dataset.tool = tool;
    overlay("mq-ring").hidden = true;
    all("button[data-tool]").forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.tool === tool)));
    if (fresh) kit.chosen.forEach((run) => run(tool));
  }

  // ---- Comparing: the server measures what the two pictures have in common; here they are only picked and shown

  function comparing(left, right) {
    state.left = ID.test(left) ? left : null;
    state.right = ID.test(right) ? right : null;
    act({ act: "compare" });
  }

  function pair() {
    const layer = find(".mq-compare");
    return [layer?.dataset.left || null, layer?.dataset.right || null];
  }

  function showPair() {
    const on = state.tool === "compare", [left, right] = pair();
    const middle = find(".mq-compare")?.dataset.middle;  // the divider begins where something changed
    if (on && middle && state.divided !== `${left} ${right}`) {
      state.divided = `${left} ${right}`;
      split(middle);
    }
    document.body.dataset.show = on ? state.show : "";
    all("button[data-show]").forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.show === state.show)));
    all(".mq-tree button").forEach((one) => {
      const side = !on ? "" : one.dataset.id === left ? "left" : one.dataset.id === right ? "right" : "";
      if ((one.dataset.side || "") !== side) one.dataset.side = side;
    });
  }

  function split(value) {
    const compare = find(".mq-compare");
    if (!compare) return;
    compare.style.setProperty("--split", `${value}%`);
    const range = compare.querySelector("input");
    if (range && range.value !== String(value)) range.value = value;
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

  // What a check in the chat says by its class names; Gradio's chat leaves no other attribute.
  function classed(element, head) {
    return [...element?.classList || []].filter((name) => name.startsWith(head)).map((name) => name.slice(head.length));
  }

  function pointAt(element) {
    const layer = find(".mq-boxes");
    peek(classed(element, "mq-of-")[0]);
    if (layer) {
      const boxes = element?.dataset.boxes ? JSON.parse(element.dataset.boxes)
        : classed(element, "mq-at-").map((sides) => sides.split("-").map((side) => side / 10000));
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

  // A check may be of another picture than the one on the stage: that one is shown while it is pointed at.
  function peek(id) {
    const image = find(".mq-peek");
    if (!image) return;
    const other = ID.test(id || "") && id !== state.picture;
    document.body.dataset.peek = other ? "yes" : "";
    if (other) image.src = `pictures/${id}.png`;
  }

  // ---- Model, light and dark

  function showModel() {
    const group = find("[data-default]");
    if (!group) return;
    const usable = all("[data-model]:not(:disabled)").map((one) => one.dataset.model);
    const picked = usable.includes(remembered("maquette-model")) ? remembered("maquette-model") : group.dataset.default;
    all("[data-model]").forEach((one) => one.setAttribute("aria-checked", String(one.dataset.model === picked)));
    const name = find(".mq-model-name"), select = find("[data-pick-model]");
    if (name && name.textContent !== picked) name.textContent = picked;
    if (select && select.value !== picked) select.value = picked;
    all("[data-for]").forEach((at) => { at.hidden = at.dataset.for !== picked; });
    state.model = picked;
    showTimes();
  }

  // ---- How long: what turns took lately before one, the seconds so far during one

  function usualSeconds() {
    try { return JSON.parse(find("[data-took]").dataset.took)[state.model] ?? null; } catch { return null; }
  }

  function showTimes() {
    const at = find(".mq-times"), usual = usualSeconds(), about = usual === null ? "" : say("about {time}", { time: inWords(usual) });
    if (!at) return;
    const so = state.since ? inWords((Date.now() - state.since) / 1000) : "";
    const text = state.busy ? [so, about && say("of about {time}", { time: inWords(usual) })].filter(Boolean).join(" ") : about;
    if (at.textContent !== text) at.textContent = text;
  }

  function inWords(seconds) {
    if (seconds >= 90) return say("{minutes} min", { minutes: Math.round(seconds / 60) });
    return say("{seconds} s", { seconds: seconds < 10 ? seconds.toFixed(1) : Math.round(seconds) });
  }

  // ---- Gallery

  function browse(more = {}) {
    const words = find("[data-gallery-words]")?.value || "", starred = !!find("[data-gallery-starred]")?.checked;
    const like = find("[data-gallery-like]")?.dataset.galleryLike || "";
    act({ act: "gallery", words, starred, like, count: 0, ...kit.browsing?.(), ...more });
  }

  function view(name) {
    document.body.dataset.view = name;
    all("button[data-view]").forEach((at) => at.setAttribute("aria-pressed", String(at.dataset.view === name)));
    showAddress();
    if (name === "gallery") browse();
    if (name === "evaluation") act({ act: "evaluation" });
  }

  function galleryShown() {
    const count = all(".mq-gallery [name=id]:checked").length, send = find(".mq-picked [type=submit]");
    if (!send) return;
    send.disabled = !count;
    send.textContent = count ? say("Download {count} as zip", { count }) : say("Download");
  }

  // The picture that a link of the gallery names is brought into view in its conversation.
  function showNamed() {
    const id = location.hash.slice(1), image = ID.test(id) && find(`#talk img[src*="${id}"]`);
    if (!image) return;
    history.replaceState(null, "", location.pathname + location.search);
    setTimeout(() => { image.scrollIntoView({ block: "center" }); image.classList.add("mq-named"); }, 700);
  }

  async function importPresets(at) {
    const text = await at.files[0]?.text();
    at.value = "";
    if (!text) return;
    at.closest("dialog").close();
    act({ act: "presets", data: text });
  }

  // ---- A picture that is dropped in may say how it was made

  async function readBack(files) {
    const image = [...files || []].find((file) => file.type.startsWith("image/") && file.size < 25e6), note = find("#recalled .mq-note");
    if (!image || !note) return;
    note.hidden = true;
    const answer = await fetch("recalled", { method: "POST", body: image });
    if (answer.status !== 200) return;
    const said = await answer.json();
    const worn = Object.keys(said).filter((name) => name.startsWith(ADAPTER));
    const parts = ["seed", "steps", "guidance", "size", "model", ...worn].filter((name) => name in said).map((name) => named(name, said[name]));
    const how = say("This picture says how it was made ({source}):", { source: said.source });
    note.querySelector("span").textContent = `${how} “${said.text.slice(0, 90)}” ${parts.join(" · ")}`;
    note.querySelector("[data-recall]").dataset.recall = JSON.stringify(said);
    note.hidden = false;
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
    if (send.getAttribute("aria-label") !== say("Send")) send.setAttribute("aria-label", say("Send"));
    // Gradio's trace line is a button with a nameless button in it; one is enough, and says whether it is open.
    all("#talk .thought-group .title").forEach((at) => {
      at.setAttribute("aria-expanded", String(at.classList.contains("expanded")));
      at.querySelectorAll("button").forEach((arrow) => { arrow.inert = true; });
    });
    // Gradio labels every message with its source text, markup and all.
    all("#talk [data-testid][aria-label*='message:']").forEach((at) =>
      at.setAttribute("aria-label", at.dataset.testid === "user" ? say("You said") : say("The studio said")));
  }

  function stop() {
    if (state.busy) find("#stop")?.click();
  }

  // ---- Listening, once, on the document: parts come and go

  const CLICKS = {
    tool: (at) => {
      choose(at.dataset.tool);
      showPair();
      if (state.tool === "compare") act({ act: "compare" });
    },
    act: (at, event) => {
      const { act: what, id } = at.dataset, [left, right] = pair();
      if (what === "pick" && state.tool === "compare") return event.shiftKey ? comparing(left, id) : comparing(id, right);
      if (what === "undo") state.undone.push(state.picture);
      if (what === "pick") state.undone = [];
      act({ act: what, id, side: at.dataset.side });
    },
    redo: () => act({ act: "pick", id: state.undone.pop() }),
    swap: () => { const [left, right] = pair(); comparing(right, left); },
    show: (at) => { state.show = at.dataset.show; showPair(); },
    more: (at) => {
      if (at.dataset.more === "earlier") state.earlier += 12; else state.everything = true;
      act({ act: "refresh" });
    },
    say: (at) => act({ act: "say", text: at.dataset.say }),
    online: (at) => sayLine(at.parentElement.querySelector("input")),
    unline: (at) => sayLine(at.parentElement.querySelector("input"), ""),
    recall: (at) => { recall(at); const note = at.closest("#recalled .mq-note"); if (note) note.hidden = true; },
    prompt: (at) => { type(at.dataset.prompt); at.closest(".mq-note").hidden = true; },
    clear: (at) => set({ [at.dataset.clear]: null }),
    view: (at) => view(document.body.dataset.view === at.dataset.view ? "" : at.dataset.view),
    moreLike: (at) => { browse({ like: at.dataset.moreLike }); scrollTo(0, 0); },
    unlike: () => { browse({ like: "" }); find("[data-gallery-words]")?.focus(); },
    galleryMore: (at) => browse({ count: Number(at.dataset.galleryMore) }),
    galleryAll: () => { all(".mq-gallery [name=id]").forEach((one) => { one.checked = true; }); galleryShown(); },
    preset: (at) => set({ style: settings().style === at.dataset.preset ? null : at.dataset.preset }),
    lock: (at) => set({ seed: settings().seed === at.dataset.lock ? null : at.dataset.lock }),
    unset: () => { remember("maquette-settings", "{}"); showSettings(); },
    model: (at) => { remember("maquette-model", at.dataset.model); showModel(); at.closest("details").open = false; },
    copy: (at) => { navigator.clipboard?.writeText(at.dataset.copy); tell_copied(at); },
    sheet: () => { document.body.dataset.sheet = document.body.dataset.sheet === "tall" ? "" : "tall"; },
    dismiss: (at) => { at.closest(".mq-note").hidden = true; },
    open: (at) => find(`[data-dialog="${at.dataset.open}"]`)?.showModal(),
    close: (at) => at.closest("dialog").close(),
    themeSwitch: () => {
      remember("maquette-theme", document.body.classList.contains("dark") ? "light" : "dark");
      showTheme();
    },
  };

  function tell_copied(at) {
    const tip = overlay("mq-tip"), area = at.getBoundingClientRect();
    tip.textContent = say("Copied");
    tip.hidden = false;
    Object.assign(tip.style, { left: `${area.left}px`, top: `${area.bottom + 8}px` });
    setTimeout(() => { tip.hidden = true; }, 1200);
  }

  // A changed line of the Brief is said to the planner; the server finds the words.
  function sayLine(input, wanted = input.value) {
    const line = Number(input.dataset.wanted);
    input.closest("details").open = false;
    act({ act: "line", line: Number.isInteger(line) ? line : -1, was: input.defaultValue, wanted });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("button, [role=button]");
    if (button && !button.disabled) {
      for (const [name, run] of Object.entries(CLICKS)) if (name in button.dataset) run(button, event);
    }
    all("details.mq-menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  for (const name of ["pointerover", "focusin"]) {
    document.addEventListener(name, (event) => pointAt(event.target.closest?.("[data-boxes], [data-tip], .mq-check")));
  }
  document.addEventListener("input", (event) => {
    if (event.target.closest?.(".mq-compare")) split(event.target.value);
    if ("galleryWords" in (event.target.dataset || {})) {
      clearTimeout(state.typed);
      state.typed = setTimeout(browse, 350);
    }
    updateSend();
  });
  document.addEventListener("change", (event) => {
    const at = event.target, [left, right] = pair();
    if (at.dataset?.compare) comparing(...(at.dataset.compare === "left" ? [at.value, right] : [left, at.value]));
    if (at.name === "id") galleryShown();
    if ("galleryStarred" in (at.dataset || {}) || "collection" in (at.dataset || {})) browse();
    if ("pickModel" in (at.dataset || {})) { remember("maquette-model", at.value); showModel(); }
    if (at.type === "file") readBack(at.files);
    if ("importPresets" in (at.dataset || {})) importPresets(at);
    if (at.dataset?.setting) set({ [at.dataset.setting]: at.value.trim() });
  });
  document.addEventListener("drop", (event) => readBack(event.dataTransfer?.files), true);
  document.addEventListener("paste", (event) => readBack(event.clipboardData?.files), true);
  document.addEventListener("toggle", (event) => {
    if (event.target.matches?.("details.mq-line[open]")) event.target.querySelector("input").select();
  }, true);

  // ---- Keys: letters only where nobody types

  const press = (query) => { const at = find(query); if (at && !at.disabled) at.click(); };
  const KEYS = {
    "/": () => find("#box textarea")?.focus(),
    "?": () => find('[data-dialog="keys"]')?.showModal(),
    z: () => press('[data-act="undo"]'), y: () => press("[data-redo]"),
    l: () => press('[data-tool="look"]'), p: () => press('[data-tool="paint"]'),
    b: () => press('[data-tool="boxes"]'), c: () => press('[data-tool="compare"]'),
    s: () => press('.mq-acts [data-act="star"], .mq-acts [data-act="unstar"]'),
    Delete: () => press('.mq-acts [data-act="delete"]'), Backspace: () => press('.mq-acts [data-act="delete"]'),
    ",": () => find('[data-dialog="settings"]')?.showModal(), g: () => press('[data-view="gallery"]'),
    f: () => { if (document.fullscreenElement) document.exitFullscreen(); else find(".mq-frame")?.requestFullscreen?.().catch(() => {}); },
    ArrowLeft: () => step(-1), ArrowRight: () => step(1),
  };

  function step(by) {
    const versions = all(".mq-tree button"), at = versions.findIndex((one) => one.hasAttribute("aria-current"));
    versions[at + by]?.click();
  }

  // The words of earlier messages, the latest last.
  function said() {
    return all(".mq-said").map((at) => [...at.childNodes].filter((one) => !one.classList?.contains("mq-sent"))
      .map((one) => one.nodeName === "BR" ? "\n" : one.textContent).join(""));
  }

  function recallSaid(event) {
    const box = event.target, words = said(), up = event.key === "ArrowUp";
    const inside = box.value && box.value !== words[state.asked];
    if (inside || (!up && state.asked < 0)) return;
    event.preventDefault();
    state.asked = up ? (state.asked < 0 ? words.length : state.asked) - 1 : state.asked + 1;
    if (state.asked < 0 || state.asked >= words.length) state.asked = up ? 0 : -1;
    type(words[state.asked] || "");
  }

  document.addEventListener("keydown", (event) => {
    const at = event.target, typing = at.matches?.("input:not([type=range], [type=checkbox]), textarea, select");
    if (event.key === "Escape") return escape();
    if (at.matches?.("[data-wanted]") && event.key === "Enter") return sayLine(at);
    if (at.closest?.("#box") && ["ArrowUp", "ArrowDown"].includes(event.key)) return recallSaid(event);
    if (typing || event.defaultPrevented || event.altKey || find("dialog[open]")) return;
    const arrow = event.key.startsWith("Arrow");
    if (arrow && (at.type === "range" || !at.closest?.(".mq-tree"))) return;
    const held = event.ctrlKey || event.metaKey;
    if (held && !["z", "y", "Z"].includes(event.key)) return;
    const key = held && event.key === "Z" ? "y" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (!KEYS[key]) return;
    event.preventDefault();
    KEYS[key]();
  });

  function escape() {
    pointAt(null);
    if (find("dialog[open]")) return;
    const menu = find("details.mq-menu[open], details.mq-line[open]");
    if (menu) { menu.open = false; menu.querySelector("summary").focus(); } else stop();
  }

  let hidden = 0;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) hidden = Date.now();
    else if (state.session && !state.busy && Date.now() - hidden > 1000) act({ act: "refresh" });
  });
  // A lost event (two tabs, a pasted picture, Gradio's own re-render) must not leave the button wrong.
  setInterval(() => { updateSend(); showTimes(); }, 300);

  const connect = (trigger) => {
    act = trigger;
    const named = new URLSearchParams(location.search).get("view");
    if (["gallery", "evaluation"].includes(named)) view(named);
  };

  Object.assign(kit, { say, find, all, overlay, pointAt, settings, remembered, remember, choose, CLICKS, KEYS, act: (data) => act(data) });
  window.maquette = { tell, signal, shown, galleryShown, connect, kit };
})();
