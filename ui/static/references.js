// Pictures in the message: each is there to be worked on, or to be looked at for its style, subject, pose or outlines.
(() => {
  "use strict";

  const { say, state, find, all, tell, taken } = window.maquette.kit;
  const ROLES = [["", say("change it")], ["style", say("take its style")], ["subject", say("take its subject")], ["pose", say("take its pose")],
    ["edges", say("take its outlines")]];

  const pictures = () => all("#box .thumbnail-item, #box .thumbnails img").filter((at, index, every) =>
    !every.some((other) => other !== at && other.contains(at))).length;
  const roles = () => all(".mq-roles select").map((at) => at.value);

  function choice(number) {
    const label = document.createElement("label"), select = document.createElement("select");
    select.append(...ROLES.map(([value, text]) => new Option(text, value)));
    label.append(number ? say("Picture {number}:", { number }) : say("This picture:"), select);
    return label;
  }

  function show() {
    const bar = find(".mq-roles"), count = pictures();
    if (!bar) return;
    if (roles().length !== count) {
      bar.querySelector("div").replaceChildren(...Array.from({ length: count }, (_, index) => choice(count > 1 ? index + 1 : 0)));
    }
    bar.hidden = !count;
    const said = cannot(), note = bar.querySelector("p");
    if (note.textContent !== said) note.textContent = said;
  }

  // The models that look at several pictures are those that can take something from one.
  function cannot() {
    const wanted = roles().filter(Boolean);
    if (!wanted.length) return "";
    let looks = {};
    try { looks = JSON.parse(find("[data-references]").dataset.references); } catch { return ""; }
    if (looks[state.model] > 1) return "";
    const able = Object.keys(looks).filter((name) => looks[name] > 1);
    const left = say("{model} cannot look at a reference picture: it will be left out, and your words alone decide.", { model: state.model });
    return `${left} ${able.length ? say("{models} can.", { models: able.join(", ") }) : say("No model here can.")}`;
  }

  tell.push(() => ({ roles: roles() }));
  taken.push(() => find(".mq-roles div")?.replaceChildren());
  document.addEventListener("change", (event) => { if (event.target.closest?.(".mq-roles")) show(); });
  setInterval(show, 300);
})();
