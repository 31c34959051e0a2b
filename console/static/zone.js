// Shows times in the reader's own zone; what the server wrote, in UTC, becomes their title. Without it they stay in UTC.
"use strict";

const SHAPE = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" };

function spelled(moment, withSeconds) {
  const shape = withSeconds ? { ...SHAPE, second: "2-digit" } : SHAPE;
  const part = Object.fromEntries(new Intl.DateTimeFormat("en-GB", shape).formatToParts(moment).map((each) => [each.type, each.value]));
  const seconds = withSeconds ? `:${part.second}` : "";
  return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}${seconds} ${part.timeZoneName}`;
}

// Where a form asks for UTC, the times beside it are marked and stay in it.
for (const each of document.querySelectorAll("time[datetime]:not([data-utc])")) {
  const moment = new Date(each.dateTime);
  const written = each.textContent;
  if (Number.isNaN(moment.getTime())) continue;
  each.textContent = spelled(moment, /\d:\d\d:\d\d/.test(written));
  each.title = written;
}
