// Shows what /status.json says, every two seconds. Text goes in as text, never as HTML.
"use strict";

function element(tag, text, className) {
  const node = document.createElement(tag);
  node.textContent = text;
  if (className) node.className = className;
  return node;
}

function show(status) {
  const services = Object.entries(status.services);
  document.getElementById("services").replaceChildren(
    ...services.map(([name, health]) => element("li", name + ": " + health, health === "ready" ? "ready" : "away")));
  const queue = status.queue || {};
  document.getElementById("queue").replaceChildren(...[["Waiting", queue.queued], ["Under way", queue.under_way], ["Held", queue.held]]
    .map(([name, count]) => {
      const box = document.createElement("div");
      box.append(element("dt", name), element("dd", count === undefined ? "?" : String(count)));
      return box;
    }));
  document.getElementById("recent").replaceChildren(...status.recent.map((mail) => {
    const row = document.createElement("tr");
    row.append(element("td", mail.time.replace("T", " ").replace("Z", "")), element("td", mail.sender || "<>"),
               element("td", mail.recipient || "-"), element("td", mail.detail));
    return row;
  }));
  const away = services.filter(([, health]) => health !== "ready").length;
  document.getElementById("state").textContent = away === 0 ? "All services are ready" : away + " not ready";
}

async function refresh() {
  try {
    const answer = await fetch("/status.json", { cache: "no-store" });
    if (!answer.ok) throw new Error("status " + answer.status);
    show(await answer.json());
  } catch (error) {
    document.getElementById("state").textContent = "The platform does not answer";
  }
  setTimeout(refresh, 2000);
}

refresh();
