/**
 * Puts a Redis server on the machine with the system's own package manager, where that needs no
 * question: as root with apt, dnf or apk, or as a user with Homebrew.
 *
 * Debian's package starts a service when it is installed. RUNLEVEL=1 keeps invoke-rc.d from doing
 * so and SYSTEMD_OFFLINE=1 makes systemctl ignore the start; both hold for this one command only.
 * Homebrew, dnf and apk start nothing by themselves.
 */

import { spawn } from "node:child_process";

interface PackageManager {
  /** The program that shows whether this package manager is here. */
  readonly program: string;
  readonly needsRoot: boolean;
  /** Commands tried in turn until one succeeds. */
  readonly attempts: readonly (readonly string[])[];
}

const aptInstall = [
  ...["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "SYSTEMD_OFFLINE=1"],
  ...["apt-get", "-q", "-o", "DPkg::Lock::Timeout=600", "install", "-y"],
  ...["--no-install-recommends", "redis-server"],
];

const packageManagers: readonly PackageManager[] = [
  {
    program: "apt-get",
    needsRoot: true,
    attempts: [
      aptInstall,
      // A fresh container image has no package lists, so a first failure may just mean that.
      ["sh", "-c", 'apt-get -q update && exec "$@"', "sh", ...aptInstall],
    ],
  },
  {
    program: "dnf",
    needsRoot: true,
    attempts: [
      ["dnf", "install", "-y", "valkey"],
      ["dnf", "install", "-y", "redis"],
    ],
  },
  { program: "apk", needsRoot: true, attempts: [["apk", "add", "--no-cache", "redis"]] },
  { program: "brew", needsRoot: false, attempts: [["brew", "install", "redis"]] },
];

/**
 * Installs a Redis server and says whether that worked; false also where no package manager is
 * known or this user may not install. Each step is announced to `report`; the package manager's own
 * output goes to stderr, so that stdout stays the caller's.
 */
export async function installRedis(report: (line: string) => void): Promise<boolean> {
  const isRoot = process.getuid?.() === 0;
  for (const { program, needsRoot, attempts } of packageManagers) {
    if (needsRoot && !isRoot) continue;
    if ((await run([program, "--version"], "ignore")) !== 0) continue;
    for (const command of attempts) {
      report(`No Redis server found; installing one: ${command.join(" ")}`);
      if ((await run(command, 2)) === 0) return true;
    }
  }
  return false;
}

/** The exit code, or undefined where the program is missing or was ended by a signal. */
function run(command: readonly string[], output: "ignore" | 2): Promise<number | undefined> {
  const [program = "", ...args] = command;
  return new Promise((resolve) => {
    spawn(program, args, { stdio: ["ignore", output, output] })
      .once("error", () => resolve(undefined))
      .once("close", (code) => resolve(code ?? undefined));
  });
}
