// Follows a running job: fetches the page again and shows its new state. Without it there is a link.
"use strict";

const PAUSE = 2000;

async function follow() {
  const live = document.getElementById("live");
  if (!live || !("running" in live.dataset)) return;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.getElementById("live");
    if (answer.ok && next) show(live, next, page.title);
  } catch {
    // The console or the connection to it is away for a moment: it is asked again.
  }
  setTimeout(follow, PAUSE);
}

function show(live, next, title) {
  // The status alone while it runs, so that a screen reader hears only what changed.
  const log = live.querySelector("pre");
  log.textContent = next.querySelector("pre").textContent;
  if ("running" in next.dataset) return;
  const status = live.querySelector("[role=status]");
  status.replaceChildren(...next.querySelector("[role=status]").childNodes);
  document.title = title;
  delete live.dataset.running;
  const confirm = next.querySelector("section");
  if (confirm) live.append(confirm);
  const refused = next.querySelector(".problem");
  if (refused) log.before(refused);
}

follow();
