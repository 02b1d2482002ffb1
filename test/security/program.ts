/** A program of headgate as a process, with all that it says. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export interface Program {
  /** All of stdout and stderr so far. */
  readonly said: () => string;
  /** Resolves with the first match; rejects where the program ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  readonly ended: Promise<number | null>;
  kill(signal: "SIGKILL" | "SIGTERM"): Promise<void>;
}

const { PATH, NODE_COMPILE_CACHE } = process.env;
const inherited = { PATH, NODE_COMPILE_CACHE };

/** Starts the file below the repository's root; it is killed when the test has finished. */
export function startProgram(
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Program {
  const path = fileURLToPath(new URL(`../../${file}`, import.meta.url));
  const child = spawn(process.execPath, ["--conditions=@headgate/source", path, ...args], {
    env: { ...inherited, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const looks = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
      for (const look of looks) look();
    });
  const ended = once(child, "close").then(([code]) => code as number | null);
  const kill: Program["kill"] = async (signal) => {
    child.kill(signal);
    await ended;
  };
  onTestFinished(() => kill("SIGKILL"));
  return {
    said: () => said,
    ended,
    kill,
    async says(pattern) {
      const { promise, resolve } = Promise.withResolvers<RegExpExecArray>();
      const look = (): void => {
        const found = pattern.exec(said);
        if (found !== null) resolve(found);
      };
      looks.add(look);
      look();
      const gone = ended.then(() => {
        throw new Error(`${file} ended before it said ${pattern}: ${said}`);
      });
      return await Promise.race([promise, gone]).finally(() => looks.delete(look));
    },
  };
}
