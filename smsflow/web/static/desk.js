// What all parts of the phone page share: the state as last seen, the server, nodes, and time.
// What people text reaches the page through textContent alone, so it is never markup.

const TOKEN = document.querySelector("meta[name=smsflow-token]").content;

export const desk = {
  state: null, // as /phone/state told it last
  phones: new Map(), // number -> card
  active: null, // the number of the phone in hand
  look: async () => {}, // ask how things stand, now
};

export const $ = (id) => document.getElementById(id);

export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.setAttribute("aria-hidden", "true");
  svg.append(use);
  return svg;
}

// --- the server ---------------------------------------------------------------------------------

async function content(answer) {
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error?.message || told.error || `answered ${answer.status}`);
  return told;
}

export async function get(path) {
  return content(await fetch(`/phone/${path}`, { cache: "no-store" }));
}

export async function post(path, body) {
  const answer = await fetch(`/phone/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Smsflow-Token": TOKEN },
    body: JSON.stringify(body),
  });
  const told = await content(answer);
  desk.look();
  return told;
}

// Do it, or say why not; null then.
export async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    say(error.message);
    return null;
  }
}

let hiding = null;
export function say(text, stays = false) {
  const note = $("note");
  clearTimeout(hiding);
  note.textContent = text;
  note.hidden = !text;
  if (text && !stays) hiding = setTimeout(() => say(""), 6000);
}

// --- time and numbers ---------------------------------------------------------------------------

const formats = {};
function format(at, options) {
  const timeZone = desk.state.project.zone;
  const key = JSON.stringify([timeZone, options]);
  formats[key] ||= new Intl.DateTimeFormat("en-GB", { timeZone, ...options });
  return formats[key].format(at);
}

const CLOCK = { hour: "2-digit", minute: "2-digit" };
export const hour = (at) => format(at, CLOCK);
export const second = (at) => format(at, { ...CLOCK, second: "2-digit" });
export const day = (at) => format(at, { weekday: "long", day: "numeric", month: "long" });
export const shortDay = (at) => format(at, { weekday: "short", day: "numeric", month: "short" });
export const now = () => Date.now() + (desk.state ? desk.state.ahead : 0);

const GROUPS = [
  /^(\+44)(\d{4})(\d{3})(\d{3})$/,
  /^(\+33)(\d)(\d\d)(\d\d)(\d\d)(\d\d)$/,
  /^(\+1)(\d{3})(\d{3})(\d{4})$/,
];
export function spaced(number) {
  const found = GROUPS.map((each) => number.match(each)).find(Boolean);
  return found ? found.slice(1).join(" ") : number;
}
