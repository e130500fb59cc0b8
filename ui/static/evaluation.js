// The evaluation tab, and collections in the gallery.
(() => {
  "use strict";

  const { find, all, act, CLICKS } = window.maquette.kit;

  CLICKS.beginRun = () => act({ act: "evaluate",
    ...Object.fromEntries(all("[data-run]").map((at) => [at.dataset.run, at.value])) });

  function showPurpose() {
    const suite = find("[data-run=suite]"), purpose = find("[data-purpose]");
    if (!suite || !purpose) return;
    const text = suite.selectedOptions[0]?.title || "";
    if (purpose.textContent !== text) purpose.textContent = text;
  }

  // While a run is on and the tab is looked at, it is asked how far it is.
  setInterval(showPurpose, 300);
  setInterval(() => {
    const choosing = document.activeElement?.matches?.(".mq-begin select");
    if (document.body.dataset.view === "evaluation" && find(".mq-evaluation[data-running]") && !choosing && !document.hidden) act({ act: "evaluation" });
  }, 2000);
  document.addEventListener("change", showPurpose);

  // ---- Collections

  const picked = () => all(".mq-gallery [name=id]:checked").map((at) => at.value);

  function shown() {
    return { words: find("[data-gallery-words]")?.value || "", starred: !!find("[data-gallery-starred]")?.checked,
      collection: find("[data-collection]")?.value || "" };
  }

  function showPicked() {
    const some = picked().length > 0, name = find("[data-collect-name]")?.value.trim();
    all("[data-uncollect]").forEach((at) => { at.disabled = !some; });
    all("[data-collect]").forEach((at) => { at.disabled = !some || !name; });
  }

  CLICKS.collect = () => act({ act: "collect", name: find("[data-collect-name]").value.trim(), ids: picked(), on: true, ...shown() });
  CLICKS.uncollect = (at) => act({ act: "collect", name: at.dataset.uncollect, ids: picked(), on: false, ...shown() });
  for (const name of ["change", "input", "click"]) document.addEventListener(name, showPicked);
  const rendered = window.maquette.galleryShown;
  window.maquette.galleryShown = () => { rendered(); showPicked(); };
  window.maquette.kit.browsing = () => ({ collection: find("[data-collection]")?.value || "" });
})();
