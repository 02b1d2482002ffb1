/** Runs the blocks of one session as a reader would: in one shell, in order, in an empty folder. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Block } from "./page.ts";

const root = join(import.meta.dirname, "../..");

/** A port of the documentation, where a free one of this machine is put. */
const documentedPorts = ["8080", "6379", "8443"];

/** Throws where a block fails or prints something else than documented, with its place and its output. */
export async function runSession(
  blocks: readonly Block[],
  onPrinted: (block: Block, lines: readonly string[]) => void = () => undefined,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "headgate-docs-"));
  const ports = new Map<string, string>();
  for (const port of documentedPorts) ports.set(port, await freePort());
  const here = (text: string): string =>
    text.replaceAll(/(?<=:|--port |-p )(8080|6379|8443)\b/g, (port) => ports.get(port) ?? port);
  const shell = startShell(folder, { apiPort: ports.get("8080") ?? "" });
  try {
    let printed: readonly string[] = [];
    for (const block of blocks) {
      const place = `${block.page}:${block.line}`;
      if (block.kind === "file") await put(join(folder, block.path), here(block.text));
      if (block.kind === "run") {
        printed = await shell.run(here(block.text), { ...block, place });
        onPrinted(block, printed);
      }
      if (block.kind === "output") compare(here(block.text), printed, place);
    }
  } finally {
    await shell.end();
    await rm(folder, { recursive: true, force: true });
  }
}

interface Shell {
  /** Resolves with the lines that the block printed on stdout. */
  run(
    text: string,
    options: { readonly inBackground: boolean; readonly place: string },
  ): Promise<readonly string[]>;
  end(): Promise<void>;
}

const endMark = "--- end of the block ---";

function startShell(folder: string, { apiPort }: { readonly apiPort: string }): Shell {
  const shell = spawn("bash", ["--noprofile", "--norc"], {
    cwd: folder,
    detached: true,
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      PATH: `${join(root, "node_modules/.bin")}:${dirname(process.execPath)}:${process.env.PATH}`,
      HOME: folder,
      LANG: "C.UTF-8",
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      NO_COLOR: "1",
      // Where the reader has cloned headgate.
      HEADGATE_REPOSITORY: root,
      HEADGATE__API__PORT: apiPort,
    },
  });
  let problems = "";
  shell.stderr.setEncoding("utf8").on("data", (text: string) => {
    problems += text;
  });
  // A shell that has ended takes no more input; `run` tells of it.
  shell.stdin.on("error", () => undefined);
  const lines = createInterface({ input: shell.stdout });
  // Ends with all it has started, also where this process dies and closes its input.
  shell.stdin.write("set -eE -o pipefail; trap 'trap - TERM; kill 0' EXIT\n");
  let count = 0;
  return {
    async run(text, { inBackground, place }) {
      count += 1;
      const file = join(folder, `.block-${count}.sh`);
      await writeFile(file, text);
      problems = "";
      shell.stdin.write(inBackground ? background(file) : `source ${file} </dev/null\n`);
      shell.stdin.write(`echo; echo '${endMark}'\n`);
      const printed = await readTo(lines, shell);
      if (printed.complete) return printed.lines;
      throw new Error(`${place}: the block failed\n${printed.lines.join("\n")}\n${problems}`);
    },
    async end() {
      if (shell.exitCode !== null || shell.signalCode !== null) return;
      const kill = setTimeout(() => process.kill(-(shell.pid ?? 0), "SIGKILL"), 30_000);
      shell.stdin.end();
      // Only when the programs that blocks have started are gone as well.
      await once(shell, "close");
      clearTimeout(kill);
    },
  };
}

/** Goes on when the program has printed its first line, as a reader would who waits for it. */
function background(file: string): string {
  const output = `${file}.out`;
  return [
    `(source ${file}) >${output} </dev/null &`,
    `until [ -s ${output} ]; do kill -0 $! || { wait $!; exit 1; }; sleep 0.1; done`,
    `cat ${output}`,
    "",
  ].join("\n");
}

async function readTo(
  lines: Interface,
  shell: ChildProcess,
): Promise<{ readonly lines: readonly string[]; readonly complete: boolean }> {
  const read: string[] = [];
  return await new Promise((resolve) => {
    const onLine = (line: string): void => {
      if (line === endMark) settle(true);
      else read.push(line);
    };
    const onClose = (): void => settle(false);
    function settle(complete: boolean): void {
      lines.off("line", onLine);
      shell.off("close", onClose);
      resolve({ lines: read, complete });
    }
    lines.on("line", onLine);
    shell.on("close", onClose);
  });
}

/** Lines in order; … stands for any text within a line, and alone for any lines. */
function compare(documented: string, printed: readonly string[], place: string): void {
  const expected = documented.trimEnd().split("\n");
  const pattern = expected
    .map((line) =>
      line === "…" ? "(?:.*\\n)*" : `${line.split("…").map(literal).join(".*")} *\\n`,
    )
    .join("");
  const text = `${printed.join("\n").trimEnd()}\n`;
  if (!new RegExp(`^${pattern}$`).test(text))
    throw new Error(`${place}: documented is\n${documented}\nprinted was\n${text}`);
}

/** A pattern of this very text. */
function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/**
 * A free port below those that systems hand out for outgoing connections and for port 0 (32768 and
 * up on Linux, 49152 on others), so that nothing beside takes it before it is used.
 */
async function freePort(): Promise<string> {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    server.close();
    if (isFree) return String(port);
  }
}
