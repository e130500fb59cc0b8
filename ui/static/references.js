// Pictures in the message: each is there to be worked on, or to be looked at for something that another one takes from it.
(() => {
  "use strict";

  const { say, state, find, all, tell, taken } = window.maquette.kit;
  const ROLES = [["", say("change it")], ["style", say("take its style")], ["subject", say("take its subject")], ["pose", say("take its pose")],
    ["edges", say("take its outlines")], ["depth", say("take its depths")], ["areas", say("take its areas")]];

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

  // What the models that are here can take from a picture, as the server says.
  function cannot() {
    const wanted = roles().filter(Boolean);
    let takes = {};
    try { takes = JSON.parse(find("[data-roles]").dataset.roles); } catch { return ""; }
    const lacks = (name) => wanted.filter((role) => !(takes[name] || []).includes(role));
    const left = [...new Set(lacks(state.model))];
    if (!left.length) return "";
    const model = state.model, what = ROLES.filter(([role]) => left.includes(role)).map(([, text]) => text).join(", ");
    const said = takes[model] ? say("{model} cannot do this: {what}. It will be left out, and your words alone decide.", { model, what })
      : say("{model} cannot look at a reference picture: it will be left out, and your words alone decide.", { model });
    const able = Object.keys(takes).filter((name) => !lacks(name).length);
    return `${said} ${able.length ? say("{models} can.", { models: able.join(", ") }) : say("No model here can.")}`;
  }

  tell.push(() => ({ roles: roles() }));
  taken.push(() => find(".mq-roles div")?.replaceChildren());
  document.addEventListener("change", (event) => { if (event.target.closest?.(".mq-roles")) show(); });
  setInterval(show, 300);
})();
