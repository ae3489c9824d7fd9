// The other end of node.py: one JSON line a step comes in, its name and arguments; one goes out, its value or error.
"use strict";
const readline = require("node:readline");

const settings = JSON.parse(process.argv[2]);

// The first true value of check(), asked again and again.
async function until(check, what, seconds = 60) {
  for (const end = Date.now() + seconds * 1000; ; await new Promise(resolve => setTimeout(resolve, 20))) {
    const value = await check();
    if (value) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`${what} did not come true in ${seconds} s`);
    }
  }
}

// JSON has neither numbers of 64 bits nor sets, maps and bytes.
function plain(_, value) {
  if (typeof value == "bigint") {
    return Number(value);
  }
  if (value instanceof Set) {
    return [...value];
  }
  return value instanceof Map ? Object.fromEntries(value) : value;
}

async function run(steps) {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [name, ...words] = JSON.parse(line);
    const answer = await Promise.resolve()
      .then(() => steps[name](...words))
      .then(value => ({ value }), error => ({ error: error.stack }));
    process.stdout.write(JSON.stringify(answer, plain) + "\n");
  }
  process.exit(0);
}

module.exports = { settings, until, run };
