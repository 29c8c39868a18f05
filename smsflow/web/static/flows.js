// The flows: what starts each, by text or by API.

import { $, attempt, desk, make, now, post, say, spaced } from "./desk.js";


const flows = new Map(); // name -> {node, told}
export function showFlows() {
  const list = $("flows");
  const names = new Set(desk.state.project.flows.map((flow) => flow.name));
  for (const [name, known] of flows) {
    if (names.has(name)) continue;
    known.node.remove();
    flows.delete(name);
  }
  let place = list.firstElementChild;
  for (const flow of desk.state.project.flows) {
    const told = JSON.stringify([flow, desk.state.project.languages]);
    const known = flows.get(flow.name);
    if (known && known.told === told) {
      place = known.node.nextElementSibling;
      continue;
    }
    const node = flowCard(flow);
    if (known) known.node.replaceWith(node);
    else list.insertBefore(node, place);
    place = node.nextElementSibling;
    flows.set(flow.name, { node, told });
  }
}

function flowCard(flow) {
  const starts = flow.starts.map((each) => {
    const about = [each.language, each.number && `on ${each.number}`].filter(Boolean).join(", ");
    if (!each.word) return make("span", { class: "soft", text: each.note });
    const title = about ? `${each.word}: ${about}` : false;
    return make("button", { type: "button", class: "chip", title, text: each.word, onclick: () => prefill(each) });
  });
  return make("article", { class: "flow" },
    make("h3", {}, make("span", { text: flow.name }), make("code", { text: flow.version })),
    flow.description ? make("p", { text: flow.description }) : null,
    starts.length ? make("p", { class: "chips", "aria-label": "Texts that start it" }, ...starts) : null,
    flow.api ? starter(flow) : null);
}

function prefill(start) {
  const card = desk.phones.get(desk.active);
  if (!card) return $("typed").focus();
  card.text.value = start.word;
  if (start.number) card.to.value = start.number;
  card.text.focus();
}

function starter(flow) {
  const fields = flow.inputs.map((input) => fieldOf(input, [input.name]));
  const language = desk.state.project.languages.length > 1
    ? make("label", {}, make("span", { text: "language" }),
        make("select", { name: "language" }, make("option", { value: "", text: "as known" }),
          ...desk.state.project.languages.map((each) => make("option", { value: each, text: each }))))
    : null;
  const form = make("form", { class: "start", onsubmit: (event) => start(event, flow) },
    ...fields, language,
    make("button", { type: "submit", class: "primary" }, "Start for ",
      make("span", { class: "for-phone", text: desk.active ? spaced(desk.active) : "a phone" })));
  return make("details", {}, make("summary", { text: "Start by API" }), form);
}

function fieldOf(input, path) {
  if (input.type === "object") {
    const inner = input.fields.map((each) => fieldOf(each, [...path, each.name]));
    return make("fieldset", {}, make("legend", { text: input.name }), ...inner);
  }
  const about = {
    "data-path": JSON.stringify(path), "data-type": input.type,
    required: input.required, autocomplete: "off",
  };
  const words = make("span", { text: input.name });
  const values = input.type === "boolean" ? [true, false] : input.values;
  if (values.length) {
    const options = values.map((each) => make("option", { value: String(each), text: String(each), selected: each === input.default }));
    if (!input.required) options.unshift(make("option", { value: "", text: "as declared" }));
    return make("label", {}, words, make("select", about, ...options));
  }
  const kinds = { integer: "number", date: "date", datetime: "datetime-local" };
  const field = make("input", { ...about, type: kinds[input.type] || "text" });
  if (input.type === "decimal") field.inputMode = "decimal";
  if (input.default != null) field.placeholder = String(input.default);
  if (input.required && input.type === "datetime") field.value = `${soon()}T10:30`;
  if (input.required && input.type === "date") field.value = soon();
  return make("label", {}, words, field);
}

function soon() {
  return new Date(now() + 3 * 86400000).toISOString().slice(0, 10);
}

async function start(event, flow) {
  event.preventDefault();
  if (!desk.active) return say("Add a phone first.");
  const form = event.currentTarget;
  const inputs = {};
  for (const field of form.querySelectorAll("[data-path]")) {
    if (field.value === "") continue;
    const path = JSON.parse(field.dataset.path);
    const last = path.pop();
    const place = path.reduce((inside, name) => (inside[name] ||= {}), inputs);
    const kind = field.dataset.type;
    place[last] = kind === "boolean" ? field.value === "true" : kind === "integer" ? Number(field.value) : field.value;
  }
  const language = form.elements.namedItem("language")?.value || null;
  const done = await attempt(() => post("sessions", { phone: desk.active, flow: flow.name, inputs, language }));
  if (done) say(`${flow.name} is started for ${spaced(desk.active)}.`);
}

