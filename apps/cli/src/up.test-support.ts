/** `headgate up` with an emulator in a folder of its own, and commands beside it. */
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Run, startHeadgate } from "./headgate.test-support.ts";

export interface Ready {
  readonly apiUrl: string;
  readonly cliFile: string;
  readonly redis: string;
  readonly emulators: { readonly default: string };
}

export interface Workplace {
  /** Working folder of all commands; holds orders.csv (2 records) and crm.yaml. */
  readonly folder: string;
  /** Data folder of `up`. */
  readonly data: string;
  startUp(args?: readonly string[], environment?: NodeJS.ProcessEnv): Run;
  /** Starts a command that finds URL and key by itself. */
  start(args: readonly string[]): Run;
  /** The same to its end. */
  headgate(args: readonly string[], stdin?: string): Run["ended"];
  /** The JSON that a command prints; throws with its stderr unless it exits 0. */
  json(...args: readonly string[]): Promise<ReturnType<typeof JSON.parse>>;
  remove(): void;
}

/** Flags of `up` that need no headgate.yaml. */
export const emulated = ["--emulator", "--schema", "crm=crm.yaml", "--port", "0"];

/** Less waiting than for a tenant. */
const quick = { HEADGATE__CONNECTIONS__DEFAULT__POLLING__MIN_MS: "100" };

const schema = `openapi: 3.0.3
components:
  schemas:
    orders:
      type: object
      properties:
        id: { type: string }
        amount: { type: number }
`;

export function makeWorkplace(): Workplace {
  const folder = mkdtempSync(join(tmpdir(), "headgate-up-"));
  const data = join(folder, "data");
  writeFileSync(join(folder, "orders.csv"), "id,amount\n1,2.5\n2,3\n");
  writeFileSync(join(folder, "crm.yaml"), schema);
  const start = (args: readonly string[], environment: NodeJS.ProcessEnv = {}, stdin = "") =>
    startHeadgate(args, { HEADGATE_DATA: data, ...environment }, { cwd: folder, stdin });
  const headgate: Workplace["headgate"] = (args, stdin) => start(args, {}, stdin).ended;
  return {
    folder,
    data,
    startUp: (args = emulated, environment = {}) =>
      start(["up", "--json", ...args], { ...quick, ...environment }),
    start,
    headgate,
    async json(...args) {
      const { code, stdout, stderr } = await headgate([...args, "--json"]);
      if (code === 0) return JSON.parse(stdout);
      throw new Error(`headgate ${args.join(" ")} ended with ${code}: ${stderr}`);
    },
    remove: () => rmSync(folder, { recursive: true, maxRetries: 10 }),
  };
}

/** What `up` says when it is ready; throws with its stderr where it ends before. */
export async function ready(up: Run): Promise<Ready> {
  const [line] = await Promise.race([
    once(up.child.stdout ?? up.child, "data"),
    up.ended.then(({ stderr }) => Promise.reject(new Error(stderr))),
  ]);
  return JSON.parse(String(line));
}
