"use strict";
// The same bundle in Node, with no walls around it: node node.js BUNDLE ROWS
// Writes the rows as lines of JSON, and waits at the end until its input is closed.

const { pack } = require(process.argv[2]);
const { execute } = pack.syncTables[0].getter;

async function main() {
  let continuation;
  do {
    const page = await execute([Number(process.argv[3])], { sync: { continuation } });
    process.stdout.write(page.result.map((row) => `${JSON.stringify(row)}\n`).join(""));
    continuation = page.continuation;
  } while (continuation);
  process.stdin.resume();
}

main();
