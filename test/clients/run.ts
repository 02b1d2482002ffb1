/**
 * Runs the examples, and the documentation's commands that need other programs than Node:
 * `node test/clients/run.ts`. Installs the Debian packages of those that are missing, and leaves
 * nothing else behind.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";

/** A Debian package, and a command that succeeds where what it brings is there. */
const needed: readonly (readonly [string, readonly string[]])[] = [
  ["python3-requests", ["/usr/bin/python3", "-c", "import requests"]],
  ["python3-redis", ["/usr/bin/python3", "-c", "import redis"]],
  ["default-jdk-headless", ["java", "--source", "17", "--version"]],
  ["redis-server", ["redis-server", "--version"]],
  ["redis-tools", ["redis-cli", "--version"]],
  ["curl", ["curl", "--version"]],
  ["jq", ["jq", "--version"]],
  ["openssl", ["openssl", "version"]],
];

function installMissing(): void {
  const missing = needed.filter(
    ([, [program = "", ...args]]) => spawnSync(program, args).status !== 0,
  );
  if (missing.length === 0) return;
  const packages = missing.map(([name]) => name);
  console.log(`Installing Debian packages: ${packages.join(" ")}`);
  const options = ["-o", "DPkg::Lock::Timeout=600", "install", "-y", "--no-install-recommends"];
  execFileSync("apt-get", [...options, ...packages], {
    stdio: ["ignore", "ignore", "inherit"],
    // Debian's redis-server would start a service: see installRedis of @headgate/standalone.
    env: {
      ...process.env,
      DEBIAN_FRONTEND: "noninteractive",
      RUNLEVEL: "1",
      SYSTEMD_OFFLINE: "1",
    },
  });
}

installMissing();
const suite = spawnSync(process.execPath, [join(import.meta.dirname, "suite.ts")], {
  stdio: "inherit",
});
process.exitCode = suite.status ?? 1;
