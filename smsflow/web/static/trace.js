// The trace of the phone in hand: each step, what happened, and why.

import { $, day, desk, make, second, spaced } from "./desk.js";

let told = "";
export function showTrace() {
  const shown = desk.state?.phones[desk.active];
  $("trace-phone").textContent = desk.active ? spaced(desk.active) : "";
  const fresh = JSON.stringify(shown ? [desk.active, shown.lines, shown.sessions] : null);
  if (fresh === told) return;
  told = fresh;
  const region = $("trace");
  region.replaceChildren(...(shown?.lines.length ? groups(shown) : [empty()]));
  region.scrollTop = region.scrollHeight;
}

function empty() {
  const text = "Text something. What happens then stands here, step by step, with the reason.";
  return make("p", { class: "empty", text });
}

// Lines of one session that follow each other stand under its name.
function groups(shown) {
  const nodes = [];
  let list = null;
  let before = null;
  let today = "";
  for (const line of shown.lines) {
    const session = line.session && shown.sessions[line.session];
    if (!before || line.session !== before.session) {
      list = make("ol");
      nodes.push(heading(session), list);
    }
    if (day(line.at) !== today) {
      today = day(line.at);
      list.append(make("li", { class: "date", text: today }));
    }
    list.append(traced(line, session));
    before = line;
  }
  return nodes;
}

function heading(session) {
  if (!session) return make("h3", { class: "none" }, make("span", { text: "no session" }));
  const waits = session.step ? `waits at ${session.step}` : "open";
  const stands = session.outcome ? `ended: ${session.outcome}` : waits;
  return make(
    "h3",
    {},
    make("span", { text: session.flow }),
    make("code", { text: session.version }),
    make("span", { class: session.outcome ? "over" : "live", text: stands }),
  );
}

function traced(line, session) {
  const own = session ? `flows/${session.flow}.yaml:` : "flows/:";
  const place = line.place.startsWith(own) ? line.place.slice(own.length - 1) : line.place;
  const where = [line.step, place].filter(Boolean).join(" ");
  return make(
    "li",
    { class: `what-${line.what}` },
    make("time", { text: second(line.at) }),
    make("b", { text: line.what }),
    make(
      "span",
      { class: "detail" },
      make("span", { text: line.detail }),
      where ? make("small", { text: where }) : null,
    ),
  );
}
