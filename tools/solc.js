#!/usr/bin/env node
// The solc command line, as far as forge, Brownie and slither speak it, over the WebAssembly compiler pinned in
// package-lock.json. Knows --version and --standard-json [FILE]. Path options (--allow-paths, --base-path, ...) are ignored:
// forge puts every source into the JSON, Brownie leaves imports to be read from paths relative to the project.
"use strict";

const { readFileSync } = require("node:fs");

// Keys of the AST that hold node ids. Built-in declarations (msg, require, ...) have negative ids, which the 32-bit
// WebAssembly build prints as unsigned numbers.
const ID_KEYS = new Set(["referencedDeclaration", "overloadedDeclarations"]);

const signed = (id) => (typeof id === "number" ? id | 0 : id);

function restoreNegativeIds(node) {
  if (node === null || typeof node !== "object") return;
  for (const [key, value] of Object.entries(node)) {
    if (ID_KEYS.has(key)) node[key] = Array.isArray(value) ? value.map(signed) : signed(value);
    else restoreNegativeIds(value);
  }
}

function readImport(path) {
  try {
    return { contents: readFileSync(path, "utf8") };
  } catch (error) {
    return { error: error.message };
  }
}

function compile(input) {
  const solc = require("solc");
  const output = JSON.parse(solc.compile(input, { import: readImport }));
  for (const source of Object.values(output.sources ?? {})) restoreNegativeIds(source.ast);
  return JSON.stringify(output);
}

function main(args) {
  if (args.includes("--version")) {
    // From the package, because Brownie asks dozens of times and loading the compiler takes a second. py-solc-x wants
    // a commit behind the version; the compiler puts the true one into its metadata.
    const { version } = require("solc/package.json");
    return `solc, the solidity compiler commandline interface\nVersion: ${version}+commit.npm\n`;
  }
  const mode = args.indexOf("--standard-json");
  if (mode === -1) throw new Error("usage: solc.js --version | --standard-json [FILE]");
  const file = args[mode + 1];
  return compile(readFileSync(file === undefined || file.startsWith("-") ? 0 : file, "utf8"));
}

try {
  process.stdout.write(main(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
