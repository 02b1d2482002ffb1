/**
 * `npm run demo` and `npm test` on a machine that has Node 20 or newer, npm and git, nothing else:
 * installs the dependencies where they are missing or out of date, finds Node 24 and hands over to
 * it. Written for Node 20 and without dependencies, because nothing is installed when it starts.
 *
 * What it has to say goes to stderr; stdout belongs to the command (`npm run demo -- --json` ends
 * with a line of JSON). Signals are passed on to everything it started and waited for; the exit
 * code is the command's. package.json calls it with `exec`: npm signals only the shell it started,
 * which would die alone.
 */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, "node_modules", ".bin");
const graceMs = 10_000;
const sameInterruptMs = 500;

/** Ends the run with a message in place of a stack trace. */
class Failure extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

try {
  await main(process.argv[2], process.argv.slice(3));
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  if (error.message !== "") say(error.message);
  process.exitCode = error.exitCode;
}

async function main(command, args) {
  if (command !== "demo" && command !== "test") {
    throw new Failure("usage: node scripts/run.mjs <demo|test> [arguments]", 2);
  }
  if (majorOf(process.version) < 20) {
    throw new Failure(`needs Node 20 or newer to start, this is ${process.version}`);
  }
  if (installIsStale()) {
    say("installing dependencies (npm install); the first time this takes about a minute");
    // Not `npm ci`: it refuses a lock file that lacks optional packages of other platforms, and npm
    // writes such a lock file wherever the registry does not serve them. Without saving, since npm 10
    // would drop fields from the lock file that npm 11 wrote.
    const install = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
    await run("npm", install, { stdout: "stderr" });
  }
  const node = findNode24();
  const env = {
    ...process.env,
    PATH: [dirname(node), bin, process.env.PATH].join(delimiter),
    TURBO_TELEMETRY_DISABLED: "1",
    TURBO_NO_UPDATE_NOTIFIER: "1",
    DO_NOT_TRACK: "1",
  };
  const turbo = join(bin, "turbo");
  if (command === "test") {
    const forwarded = args.length === 0 ? [] : ["--", ...args];
    await run(turbo, ["run", "test", "--log-prefix=none", ...forwarded], { env });
  } else {
    await run(turbo, ["run", "build"], { env, stdout: "stderr" });
    await run(node, [join(root, "apps/standalone/dist/demo/main.js"), ...args], { env });
  }
}

function say(line) {
  process.stderr.write(`headgate: ${line}\n`);
}

function majorOf(version) {
  return Number(version.replace(/^v/, "").split(".")[0]);
}

/**
 * Whether node_modules differs from the lock file. npm's own record of what it installed is
 * compared entry by entry, since file times say nothing after a checkout. Optional packages may be
 * absent (they are of other platforms), but not of another version.
 */
function installIsStale() {
  const record = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(record)) return true;
  const installed = readPackages(record);
  return Object.entries(readPackages(join(root, "package-lock.json"))).some(([path, wanted]) => {
    if (!path.includes("node_modules/")) return false;
    const found = installed[path];
    if (found === undefined) return !(wanted.optional || wanted.devOptional);
    return found.version !== wanted.version || found.integrity !== wanted.integrity;
  });
}

function readPackages(path) {
  return JSON.parse(readFileSync(path, "utf8")).packages;
}

/** The path of a Node 24 that runs here: this one, or the one among the dependencies. */
function findNode24() {
  if (majorOf(process.version) >= 24) return process.execPath;
  const packaged = join(root, "node_modules", `node-${process.platform}-${process.arch}`);
  const node = join(packaged, "bin", "node");
  if (spawnSync(node, ["--version"]).status === 0) return node;
  const wanted = readFileSync(join(root, ".nvmrc"), "utf8").trim();
  throw new Failure(
    `needs Node 24, this is ${process.version}, and there is no packaged one for ` +
      `${process.platform}-${process.arch} (looked for ${node}). ` +
      `Install Node ${wanted}, the version in .nvmrc (for example \`nvm install\`), and run again.`,
  );
}

/**
 * Runs a program from the root folder to its end; throws Failure with its exit code unless it is 0.
 *
 * The program leads a process group of its own: a signal to this process goes to the whole group,
 * and a run that was interrupted returns only when the group is empty. Without that, turbo's
 * launcher would die of SIGTERM alone and leave the tests running.
 */
async function run(program, args, { env = process.env, stdout = "inherit" } = {}) {
  const stdio = ["inherit", stdout === "stderr" ? 2 : "inherit", "inherit"];
  const child = spawn(program, args, { cwd: root, env, stdio, detached: true });
  let interrupted;
  let passedOnAt = 0;
  const passOn = (signal) => {
    interrupted = signal;
    // One Ctrl-C arrives twice, from the terminal and from npm; programs take a second one as "now".
    if (Date.now() - passedOnAt < sameInterruptMs) return;
    passedOnAt = Date.now();
    signalGroup(child.pid, signal);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, passOn);
  const [code, signal] = await new Promise((resolve, reject) => {
    child.once("close", (...ending) => resolve(ending));
    child.once("error", (error) => reject(new Failure(`cannot run ${program}: ${error.message}`)));
  });
  if (interrupted !== undefined) await groupIsEmpty(child.pid);
  for (const name of signals) process.off(name, passOn);
  const ending = signal ?? (code === 0 ? interrupted : undefined);
  if (ending !== undefined) throw new Failure("", 128 + constants.signals[ending]);
  if (code !== 0) throw new Failure("", code);
}

/** Sends a signal to a process group; false where the group has no process left. */
function signalGroup(pid, signal) {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

async function groupIsEmpty(pid) {
  const deadline = Date.now() + graceMs;
  while (groupIsRunning(pid)) {
    if (Date.now() > deadline) {
      say(`some processes did not end within ${graceMs / 1000} s; killing them`);
      signalGroup(pid, "SIGKILL");
      return;
    }
    await delay(50);
  }
}

/** Whether a process of the group still runs; one that ended and waits to be reaped does not. */
function groupIsRunning(pid) {
  if (!signalGroup(pid, 0)) return false;
  // In a container without an init nobody reaps orphans, and kill finds them for ever.
  if (process.platform !== "linux") return true;
  return readdirSync("/proc").some((id) => {
    if (!/^\d+$/.test(id)) return false;
    const [state, , group] = statusOf(id);
    return Number(group) === pid && state !== "Z";
  });
}

/** State, parent and process group of a Linux process; nothing where it has gone. */
function statusOf(id) {
  try {
    const stat = readFileSync(`/proc/${id}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}
