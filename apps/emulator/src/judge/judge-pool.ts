/**
 * Threads for judging large files: csv-parse reads some 20 MB/s on a core, and five uploads should
 * neither share one core nor hold up other calls. Threads start with the first large file.
 */
import { availableParallelism } from "node:os";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { EmulatorSettings } from "../settings.ts";
import type { PassedFile } from "../state/bulk-jobs.ts";
import { HashSum } from "../state/record-hash.ts";
import { refusal } from "../state/refusal.ts";
import { RowLog } from "../state/row-log.ts";
import type { CsvJudge, JudgedAs } from "./csv-judge.ts";
import type { FromJudge, OpenJudge, ToJudge } from "./judge-messages.ts";

const maxThreads = 4;
/** Chunks of 64 KiB on their way to a thread. */
const maxChunksAhead = 4;

export class JudgePool {
  readonly #workers: Worker[] = [];
  #opened = 0;

  /** A judge that works in one of the threads. */
  judge(as: JudgedAs, settings: EmulatorSettings): CsvJudge {
    const { port1, port2 } = new MessageChannel();
    const opening: OpenJudge = { port: port2, as, settings };
    this.#next().postMessage(opening, [port2]);
    return judgeBehind(port1);
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.terminate()));
  }

  #next(): Worker {
    const threads = Math.min(maxThreads, availableParallelism());
    const index = this.#opened % threads;
    this.#opened += 1;
    const running = this.#workers[index];
    if (running !== undefined) return running;
    const started = startWorker();
    this.#workers[index] = started;
    return started;
  }
}

function startWorker(): Worker {
  // From source, Node strips the types, and the workspace packages resolve to their source too.
  const source = import.meta.url.endsWith(".ts");
  const worker = source
    ? new Worker(new URL("./judge-worker.ts", import.meta.url), {
        execArgv: ["--conditions=@headgate/source"],
      })
    : new Worker(new URL("./judge-worker.js", import.meta.url));
  worker.unref();
  return worker;
}

function judgeBehind(port: MessagePort): CsvJudge {
  let ahead = 0;
  let failure: Error | undefined;
  let passed: PassedFile | undefined;
  let wake = (): void => undefined;
  const heard = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  port.on("message", (message: FromJudge) => {
    switch (message.kind) {
      case "read":
        ahead -= 1;
        break;
      case "passed":
        passed = { file: message.file, rows: rowsOf(message) };
        break;
      case "refused":
        failure = refusal(400, message.message);
        break;
      case "broken":
        failure = new Error(message.message);
        break;
    }
    wake();
  });
  port.once("close", () => {
    failure ??= new Error("the judge's thread has ended");
    wake();
  });
  const send = (message: ToJudge, transferred: readonly ArrayBuffer[] = []): void =>
    port.postMessage(message, [...transferred]);

  return {
    async write(chunk) {
      // A copy, because the socket's buffer may be a slice of one that others share.
      const bytes = new Uint8Array(chunk);
      send({ kind: "chunk", bytes }, [bytes.buffer]);
      ahead += 1;
      while (failure === undefined && ahead >= maxChunksAhead) await heard();
      if (failure !== undefined) throw failure;
    },
    async end() {
      send({ kind: "end" });
      while (failure === undefined && passed === undefined) await heard();
      if (passed === undefined) throw failure;
      return passed;
    },
    discard: () => port.close(),
  };
}

function rowsOf({ file, rows }: Extract<FromJudge, { kind: "passed" }>): PassedFile["rows"] {
  return { rows: file.rows, hash: HashSum.parse(file.hash), log: RowLog.of(rows) };
}
