// The phone page of `smsflow dev`: asks how things stand, shows it, and moves the clock.

import { addKept, addTyped, showChips, showPhone } from "./chat.js";
import { $, attempt, desk, now, post, say, second, shortDay } from "./desk.js";
import { showFlows } from "./flows.js";
import { showTrace } from "./trace.js";

const LOOK = 350; // milliseconds between two looks; four times as many when nobody watches

// --- how things stand ---------------------------------------------------------------------------

let seen = "";
let lost = false;
let looking = null;

desk.look = async function look() {
  clearTimeout(looking);
  const asked = new URLSearchParams({ seen });
  for (const number of desk.phones.keys()) asked.append("phone", number);
  try {
    const answer = await fetch(`/phone/state?${asked}`, { cache: "no-store" });
    if (answer.status === 200) take(await answer.json(), answer.headers.get("X-Seen"));
    if (lost) say("");
    lost = false;
  } catch (error) {
    if (!(error instanceof TypeError)) console.error(error);
    lost = true;
    say("smsflow dev does not answer. This page goes on when it is back.", true);
  }
  clearTimeout(looking);
  looking = setTimeout(desk.look, document.hidden || lost ? 4 * LOOK : LOOK);
};

function take(fresh, digest) {
  // Another run has another token, and the page comes with it.
  if (desk.state && fresh.run !== desk.state.run) return location.reload();
  seen = digest;
  desk.state = fresh;
  if (addKept()) setTimeout(desk.look);
  show();
}

function show() {
  const { problem, change } = desk.state;
  const source = $("problem").querySelector("pre");
  $("problem").hidden = !problem;
  if (source.textContent !== problem) source.textContent = problem;
  $("change").textContent = change ? `reloaded: ${change}` : "";
  showChips();
  showFlows();
  for (const card of desk.phones.values()) showPhone(card);
  showTrace();
  tick();
}

// --- time ---------------------------------------------------------------------------------------

function tick() {
  if (!desk.state) return;
  $("now").textContent = `${shortDay(now())}, ${second(now())}`;
  const minutes = Math.round(desk.state.ahead / 60000);
  const [days, hours] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60)];
  const told = [days && `${days} d`, hours && `${hours} h`, minutes % 60 && `${minutes % 60} min`];
  $("ahead").hidden = minutes < 1;
  $("ahead").textContent = `${told.filter(Boolean).join(" ")} ahead`;
}

async function pass(seconds) {
  const buttons = document.querySelectorAll(".pass");
  if (document.body.classList.contains("passing")) return;
  document.body.classList.add("passing");
  for (const each of buttons) each.setAttribute("aria-disabled", "true"); // and keeps the focus
  await attempt(() => post("clock", { seconds }));
  for (const each of buttons) each.removeAttribute("aria-disabled");
  document.body.classList.remove("passing");
}

for (const button of document.querySelectorAll(".pass")) {
  button.addEventListener("click", () => pass(Number(button.dataset.seconds)));
}
$("add").addEventListener("submit", (event) => {
  event.preventDefault();
  addTyped($("typed").value);
});
document.addEventListener("visibilitychange", desk.look);
setInterval(tick, 1000);
desk.look();
