// Phones side by side: each has its chat, its handset, and a line to write in.

import { $, attempt, day, desk, get, hour, icon, make, post, say, spaced } from "./desk.js";
import { showTrace } from "./trace.js";

const KEPT = "smsflow.phones";
const MOST = 12;

// The phones of the last time, or a first one, once it is known which numbers there are.
export function addKept() {
  if (kept) return false;
  kept = JSON.parse(localStorage.getItem(KEPT)) || desk.state.project.suggested.slice(0, 1);
  for (const number of kept) addPhone(number);
  return true;
}
let kept = null;

function remember() {
  localStorage.setItem(KEPT, JSON.stringify([...desk.phones.keys()]));
}

function addPhone(number) {
  const root = $("a-phone").content.firstElementChild.cloneNode(true);
  const find = (selector) => root.querySelector(selector);
  const card = {
    number, root, chat: find(".chat"), to: find(".to select"), text: find("textarea"),
    choices: find(".choices"), does: find(".does"), items: new Map(), last: null,
    atEnd: true, size: "",
  };
  root.setAttribute("aria-label", `Phone ${spaced(number)}`);
  find(".number").textContent = spaced(number);
  card.chat.setAttribute("aria-label", `Texts of ${spaced(number)}`);
  card.text.setAttribute("aria-label", `Text from ${spaced(number)}`);
  find(".remove").addEventListener("click", () => removePhone(number));
  find(".compose").addEventListener("submit", (event) => (event.preventDefault(), send(card)));
  card.text.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send(card);
  });
  card.text.addEventListener("input", () => grow(card.text));
  root.addEventListener("focusin", () => activate(number));
  root.addEventListener("pointerdown", () => activate(number));
  root.addEventListener("keydown", (event) => {
    const open = root.querySelector("details[open]");
    if (event.key !== "Escape" || !open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
  card.chat.addEventListener("scroll", () => scrolled(card));
  new ResizeObserver(() => toEnd(card)).observe(card.chat);
  desk.phones.set(number, card);
  $("phones").append(root);
  if (desk.state) showNumbers(card); // whoever types at once texts somebody, too
  remember();
  if (!desk.active) activate(number);
  return card;
}

function removePhone(number) {
  desk.phones.get(number).root.remove();
  desk.phones.delete(number);
  remember();
  const [next] = desk.phones.keys();
  desk.active = null;
  if (next) {
    activate(next);
    desk.phones.get(next).text.focus();
  } else {
    $("typed").focus();
    showTrace();
  }
  showChips();
}

function activate(number) {
  if (desk.active === number) return;
  desk.active = number;
  for (const [each, card] of desk.phones) {
    if (each === number) card.root.setAttribute("aria-current", "true");
    else card.root.removeAttribute("aria-current");
  }
  for (const each of document.querySelectorAll(".for-phone")) each.textContent = spaced(number);
  showTrace();
}

export async function addTyped(typed) {
  if (desk.phones.size >= MOST) return say(`${MOST} phones are all that fit here.`);
  const found = await attempt(async () => {
    return (await get(`number?${new URLSearchParams({ typed })}`)).phone;
  });
  if (!found) return $("typed").focus();
  const card = desk.phones.get(found) || addPhone(found);
  $("typed").value = "";
  showChips();
  await desk.look();
  card.text.focus();
  card.root.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function grow(area) {
  area.rows = Math.min(5, area.value.split("\n").length + Math.floor(area.value.length / 34));
}

async function send(card) {
  const text = card.text.value;
  if (!text.trim()) return card.text.focus();
  card.text.value = "";
  grow(card.text);
  const body = { phone: card.number, number: card.to.value, text };
  const done = await attempt(() => post("texts", body));
  if (!done && !card.text.value) card.text.value = text;
}

// Numbers to begin with, beside the field for any other.
export function showChips() {
  const free = desk.state.project.suggested.filter((number) => !desk.phones.has(number));
  const told = free.slice(0, 3).join();
  if (told === toldChips) return;
  toldChips = told;
  const chip = (number) =>
    make("button", { type: "button", class: "chip", text: spaced(number), onclick: () => addTyped(number) });
  $("chips").replaceChildren(...free.slice(0, 3).map(chip));
}
let toldChips = null;

// --- what a phone shows -------------------------------------------------------------------------

export function showPhone(card) {
  const shown = desk.state.phones[card.number];
  if (!shown) return;
  showNumbers(card);
  showHandset(card, shown.handset);
  const items = [];
  let today = "";
  for (const bubble of shown.bubbles) {
    if (day(bubble.at) !== today) {
      today = day(bubble.at);
      items.push({ id: `day-${today}`, day: today });
    }
    items.push(bubble);
  }
  const wanted = new Set(items.map((item) => item.id));
  for (const [id, known] of card.items) {
    if (wanted.has(id)) continue;
    known.node.remove();
    card.items.delete(id);
  }
  let place = card.chat.firstElementChild;
  for (const item of items) {
    const known = card.items.get(item.id) || { node: make("li"), told: "" };
    card.items.set(item.id, known);
    const told = JSON.stringify(item);
    if (known.told !== told) fill(known.node, item);
    known.told = told;
    if (known.node === place) place = place.nextElementSibling;
    else card.chat.insertBefore(known.node, place);
  }
  follow(card, shown.bubbles);
  toEnd(card);
}

// A chat stays at its end, whatever comes and however its size changes, unless the hand is reading.
function toEnd(card) {
  if (card.atEnd) card.chat.scrollTop = card.chat.scrollHeight;
  card.size = sizeOf(card.chat);
}

function scrolled(card) {
  if (card.size !== sizeOf(card.chat)) return toEnd(card); // by the layout, not by the hand
  const { scrollHeight, scrollTop, clientHeight } = card.chat;
  card.atEnd = scrollHeight - scrollTop - clientHeight < 60;
}

function sizeOf(chat) {
  return [chat.clientWidth, chat.clientHeight, chat.scrollHeight].join();
}

function fill(node, item) {
  if (item.day) {
    node.className = "day";
    node.replaceChildren(make("span", { text: item.day }));
    return;
  }
  const several = desk.state.project.numbers.length > 1;
  const mine = item.way === "in";
  node.className = `bubble ${mine ? "mine" : "theirs"} is-${item.mark}`;
  const meta = [make("time", { text: hour(item.at), datetime: new Date(item.at).toISOString() })];
  if (several) meta.push(make("span", { text: `${mine ? "to" : "via"} ${item.number}` }));
  if (!mine || item.parts > 1) {
    meta.push(make("span", { text: item.parts === 1 ? "1 part" : `${item.parts} parts` }));
  }
  if (item.again) meta.push(make("span", { text: "again" }));
  if (!mine || item.mark !== "done") {
    const why = [item.words, item.help].filter(Boolean).join("; ");
    const words = make("span", { text: item.state, title: why || false });
    meta.push(make("span", { class: "state" }, icon(item.mark), words));
  }
  const from = mine ? "You: " : `${item.number}: `;
  node.replaceChildren(
    make("span", { class: "unseen", text: from }),
    make("p", { class: "words" }, ...withLinks(item.text, item.links || [])),
    make("p", { class: "meta" }, ...meta),
  );
}

// The words of a text, its short links to be followed: the provider hears of it, the page opens.
function withLinks(text, links) {
  const parts = [];
  let rest = text;
  for (const link of links) {
    const at = rest.indexOf(link.short);
    if (at < 0) continue;
    parts.push(rest.slice(0, at), make("a", {
      href: link.url, target: "_blank", rel: "noreferrer noopener", text: link.short, title: link.url,
      onclick: () => attempt(() => post("clicks", { path: link.path })),
    }));
    rest = rest.slice(at + link.short.length);
  }
  return [...parts, rest];
}

// Answers go to the number that texted last, as on a real phone, until the hand picks another.
function follow(card, bubbles) {
  const last = bubbles.findLast((bubble) => bubble.way === "out" && bubble.mark === "done");
  if (!last || last.id === card.last) return;
  card.last = last.id;
  card.to.value = last.number;
}

function showNumbers(card) {
  const numbers = desk.state.project.numbers;
  const told = JSON.stringify(numbers);
  if (card.toldNumbers === told) return;
  card.toldNumbers = told;
  const words = (each) => `${each.name}  ${spaced(each.address)}`;
  card.to.replaceChildren(
    ...numbers.map((each) => make("option", { value: each.name, text: words(each) })),
  );
}

function showHandset(card, does) {
  const providers = [...new Set(desk.state.project.numbers.map((each) => each.provider))];
  const told = JSON.stringify([providers, desk.state.project.handsets]);
  if (card.toldHandset !== told) {
    card.toldHandset = told;
    const several = providers.length > 1;
    const rows = [[null, several ? "All texts" : "Texts"], ...(several ? providers : []).map(named)];
    card.choices.replaceChildren(...rows.map(([name, words]) => choice(card, name, words)));
  }
  const each = providers.map((name) => does[name] || "delivered");
  const same = each.every((name) => name === each[0]);
  for (const select of card.choices.querySelectorAll("select")) {
    const provider = select.dataset.provider;
    if (select === document.activeElement) continue;
    select.value = provider ? does[provider] || "delivered" : same ? each[0] : "";
  }
  const odd = providers.filter((name, index) => each[index] !== "delivered");
  const short = (name) => desk.state.project.handsets.find((one) => one.name === name).name;
  const words = same ? `Handset: ${short(each[0])}`
    : `Handset: ${odd.map((name) => `${named(name)[1]} ${short(does[name])}`).join(", ")}`;
  if (card.does.textContent !== words) card.does.textContent = words;
  card.root.classList.toggle("odd", odd.length > 0);
}

function named(provider) {
  const names = desk.state.project.numbers.filter((each) => each.provider === provider);
  return [provider, `via ${names.map((each) => each.name).join(", ")}`];
}

function choice(card, provider, words) {
  const select = make("select", {
    "data-provider": provider || "",
    onchange: (event) =>
      attempt(() => post("handsets", { phone: card.number, provider, does: event.target.value })),
  });
  if (!provider) select.append(make("option", { value: "", text: "differs", disabled: true }));
  for (const each of desk.state.project.handsets) {
    select.append(make("option", { value: each.name, text: each.words }));
  }
  return make("label", {}, make("span", { text: words }), select);
}

