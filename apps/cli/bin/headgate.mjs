#!/usr/bin/env node
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";

const needed = [22, 19];
const [major, minor] = process.versions.node.split(".").map(Number);

if (major > needed[0] || (major === needed[0] && minor >= needed[1])) {
  // `headgate up` is a worker too; headgate-worker says why.
  setFlagsFromString("--semi-space-growth-factor=1");
  await import("../dist/main.js");
} else {
  // The repository brings a Node of its own, which only npm's scripts find by themselves.
  const ownNode = fileURLToPath(new URL("../../../node_modules/.bin/node", import.meta.url));
  if (existsSync(ownNode)) runWith(ownNode);
  else {
    process.stderr.write(
      `headgate needs Node ${needed.join(".")} or newer; this is ${process.versions.node} (${process.execPath})\n`,
    );
    process.exitCode = 2;
  }
}

function runWith(node) {
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: "inherit" });
  // Ctrl-C reaches the child by itself, as it is in the same group; other signals are passed on.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("error", (error) => {
    process.stderr.write(`headgate: cannot start ${node}: ${error.message}\n`);
    process.exitCode = 2;
  });
  child.on("exit", (code) => {
    process.exitCode = code ?? 1;
  });
}
