// A picture is one stop of the Tab key, and the arrows lead from value to value. Without scripts Tab comes to the newest, and the table has all.
"use strict";

const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

for (const chart of document.querySelectorAll(".chart")) {
  const points = [...chart.querySelectorAll(".point")];
  chart.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    const at = points.indexOf(document.activeElement);
    if (step === undefined || at < 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = points[Math.min(points.length - 1, Math.max(0, at + step))];
    points[at].setAttribute("tabindex", "-1");
    next.setAttribute("tabindex", "0");
    next.focus();
  });
}
