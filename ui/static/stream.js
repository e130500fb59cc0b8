// The answers to all events of a tab come over one stream. Gradio's server closes it as soon as no event is left and
// its client opens another with the next event; but an event that is sent before the closing was heard of is answered on
// neither, and its button seems dead. Here such a stream goes on: one that closes while an event is unfinished is
// followed by another, and the client takes both for one.
(() => {
  "use strict";

  const send = window.fetch.bind(window);
  const joining = new Set(), unfinished = new Set(), early = new Set();  // early: finished before its name was known

  const addressOf = (asked) => String(asked?.url ?? asked);

  window.fetch = (asked, options) => {
    const address = addressOf(asked);
    if (address.includes("/queue/join")) return join(send(asked, options));
    if (address.includes("/queue/data?")) return follow(() => send(asked, options));
    return send(asked, options);
  };

  function join(sent) {
    const named = sent.then((answer) => answer.ok ? answer.clone().json() : {}, () => ({})).then(begin, () => {})
      .finally(() => joining.delete(named));
    joining.add(named);
    return sent;
  }

  function begin({ event_id: id }) {
    if (id && !early.delete(id)) unfinished.add(id);
  }

  function finish(id) {
    if (!unfinished.delete(id)) early.add(id);
  }

  async function follow(open) {
    const answer = await open();
    if (!answer.ok || !answer.body) return answer;
    let reader = messages(answer.body);
    const body = new ReadableStream({
      async pull(stream) {
        for (;;) {
          const { done, value } = await reader.next();
          if (done) return stream.close();
          if (kindOf(value) === "process_completed") finish(idOf(value));
          if (kindOf(value) !== "close_stream" || !await goesOn()) return stream.enqueue(value);
          reader = messages((await open()).body);
        }
      },
      cancel: () => reader.return(),
    });
    return new Response(body.pipeThrough(new TextEncoderStream()), { status: answer.status, headers: answer.headers });
  }

  async function goesOn() {
    await Promise.all(joining);
    if (!unfinished.size) early.clear();
    return unfinished.size > 0;
  }

  // The messages of a stream, each with the empty line that ends it.
  async function* messages(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let held = "";
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        const parts = (held + value).split("\n\n");
        held = parts.pop();
        for (const part of parts) yield `${part}\n\n`;
      }
      if (held) yield held;
    } finally {
      reader.cancel().catch(() => {});
    }
  }

  // A message can hold a whole conversation: its head tells what it is without reading it all.
  const kindOf = (message) => /"msg":\s*"(\w+)"/.exec(message.slice(0, 200))?.[1];
  const idOf = (message) => /"event_id":\s*"(\w+)"/.exec(message.slice(0, 200))?.[1];
})();
