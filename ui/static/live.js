// Live drawing: while it is on, the picture follows what is typed and how boxes are dragged. A few steps at once, the
// model's own as soon as the hand lets go or the typing rests. The newest wish wins: a whole drawing is cancelled for it
// at once, a quick one is shown first, since a hand that moves would otherwise never see any. Nothing is kept until the
// message is sent, which draws with the same seed.
(() => {
  "use strict";

  const { say, state, find, all, tell, shown, taken, moved, remember, remembered, CLICKS, KEYS } = window.maquette.kit;
  const SOON = 90, REST = 650;
  const TAB = crypto.randomUUID?.() || String(Math.random()).slice(2);
  const live = { on: remembered("maquette-live") === "yes", seed: freshSeed(), waiting: 0, resting: 0, asking: null, quick: false, again: false,
    url: null, last: "" };

  function freshSeed() { return Math.floor(Math.random() * 2 ** 31); }

  function words() { return find("#box textarea")?.value.trim() || ""; }

  // A change: a quick look soon, the whole model once nothing changes any more.
  function follow(letGo) {
    if (!live.on || state.busy) return;
    clearTimeout(live.waiting);
    clearTimeout(live.resting);
    if (letGo) { live.resting = setTimeout(() => look(false), 10); return; }
    if (live.asking && live.quick) live.again = true;
    else live.waiting = setTimeout(() => look(true), live.asking ? 0 : SOON);
    live.resting = setTimeout(() => look(false), REST);
  }

  async function look(quick) {
    const now = JSON.parse(window.maquette.tell()), text = words();
    if (!text && !now.boxes.length) return clear();
    const wish = JSON.stringify([text, now.boxes, now.mask, now.picture, quick]);
    if (wish === live.last) return;
    live.last = wish;
    live.asking?.abort();
    const asking = live.asking = new AbortController(), began = performance.now();
    Object.assign(live, { quick, again: false });
    if (!document.body.dataset.draft) note(say("drawing…"));
    let answer;
    try {
      answer = await fetch("draft", { method: "POST", signal: asking.signal, headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...now, text, quick, tab: TAB }) });
    } catch {  // a newer wish, or the page is left
      if (asking === live.asking) live.asking = null;
      return;
    }
    if (asking !== live.asking) return;
    live.asking = null;
    if (live.again) setTimeout(() => look(true), 0);
    if (answer.status !== 200) return note(answer.status === 204 ? "" : (await answer.text()).slice(0, 200));
    const image = await answer.blob();
    if (live.last !== wish || !live.on || state.busy) return;
    show(image);
    const seconds = ((performance.now() - began) / 1000).toFixed(2);
    note(quick ? say("quick look, {seconds} s · send keeps it", { seconds }) : say("draft, {seconds} s · send keeps it", { seconds }));
  }

  function show(image) {
    if (live.url) URL.revokeObjectURL(live.url);
    live.url = URL.createObjectURL(image);
    find(".mq-draft").src = live.url;
    document.body.dataset.draft = "yes";
  }

  function note(text) {
    const line = find(".mq-draftnote");
    if (line) line.textContent = text;
  }

  function clear() {
    clearTimeout(live.waiting);
    clearTimeout(live.resting);
    live.asking?.abort();
    live.asking = null;
    live.last = "";
    document.body.dataset.draft = "";
    note("");
  }

  function showSwitch() {
    all("[data-live]").forEach((at) => at.setAttribute("aria-pressed", String(live.on)));
    if (document.body.dataset.draft && find(".mq-draft") && live.url) find(".mq-draft").src = live.url;
  }

  CLICKS.live = () => {
    live.on = !live.on;
    remember("maquette-live", live.on ? "yes" : "");
    showSwitch();
    if (live.on) follow(true); else clear();
  };
  KEYS.v = () => CLICKS.live();
  tell.push(() => live.on ? { seed: live.seed } : {});
  shown.push((other) => { if (other) clear(); showSwitch(); });
  taken.push(() => { live.seed = freshSeed(); clear(); });
  moved.push(follow);
  document.addEventListener("input", (event) => { if (event.target.closest?.("#box textarea")) follow(false); });
})();
