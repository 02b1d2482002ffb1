/**
 * Runs the store contract against Debian's Swift with its S3 API: `node test/s3-acceptance/run.ts`.
 * Installs the Debian packages where they are missing, uses ports and a folder of its own, and
 * leaves nothing behind but the packages.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type SwiftServer, startSwift } from "./swift-server.ts";

const packages = ["swift-proxy", "swift-account", "swift-container", "swift-object", "memcached"];

function isInstalled(name: string): boolean {
  const { status, stdout } = spawnSync("dpkg", ["--status", name]);
  return status === 0 && stdout.includes("Status: install ok installed");
}

function installMissing(): void {
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  console.log(`Installing Debian packages: ${missing.join(" ")}`);
  const options = ["-o", "DPkg::Lock::Timeout=600", "install", "-y", "--no-install-recommends"];
  execFileSync("apt-get", [...options, ...missing], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
}

/** Resolves with the suite's exit code; the signal ends it. */
async function runSuite(swift: SwiftServer, signal: AbortSignal): Promise<number> {
  const suite = spawn(process.execPath, [join(import.meta.dirname, "suite.ts")], {
    stdio: "inherit",
    env: {
      ...process.env,
      HEADGATE_S3_URL: swift.endpoint,
      HEADGATE_S3_KEY: swift.accessKeyId,
      HEADGATE_S3_SECRET: swift.secretAccessKey,
    },
  });
  const end = () => suite.kill("SIGINT");
  signal.addEventListener("abort", end);
  const [code] = await once(suite, "exit");
  return typeof code === "number" ? code : 1;
}

function secondsSince(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`;
}

const stopped = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => stopped.abort(new Error(`stopped by ${name}`)));
}
const begin = performance.now();
installMissing();
console.log(`Packages are there after ${secondsSince(begin)}`);
const starting = performance.now();
const swift = await startSwift(stopped.signal);
console.log(`Swift answers at ${swift.endpoint} after ${secondsSince(starting)}`);
try {
  process.exitCode = await runSuite(swift, stopped.signal);
} finally {
  await swift.stop();
  console.log("Swift is stopped, its folder removed");
}
