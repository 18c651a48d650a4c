// The pinned compiler, kept loaded: one standard JSON per line in, its answer in one line out. Imports that are not in the
// input are read from paths relative to the working folder.
"use strict";

const { readFileSync } = require("node:fs");
const { createInterface } = require("node:readline");
const solc = require(`${process.cwd()}/node_modules/solc`);

function readImport(path) {
  try {
    return { contents: readFileSync(path, "utf8") };
  } catch (error) {
    return { error: error.message };
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  process.stdout.write(`${solc.compile(line, { import: readImport })}\n`);
});
