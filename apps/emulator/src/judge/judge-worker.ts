/** A thread that judges files, several at a time in turns. */
import { type MessagePort, parentPort } from "node:worker_threads";
import { isBulkError } from "@headgate/core";
import { createCsvJudge } from "./csv-judge.ts";
import type { FromJudge, OpenJudge, ToJudge } from "./judge-messages.ts";

parentPort?.on("message", ({ port, as, settings }: OpenJudge) => {
  const judge = createCsvJudge(as, settings);
  // Chunks arrive faster than they are read, and must be read one after another.
  let work = Promise.resolve();
  port.on("message", (message: ToJudge) => {
    work = work.then(async () => {
      if (message.kind === "chunk") {
        await judge.write(Buffer.from(message.bytes.buffer));
        send(port, { kind: "read" });
        return;
      }
      const { file, rows } = await judge.end();
      const chunks = [...rows.log.chunks()];
      send(port, { kind: "passed", file, rows: chunks }, chunks);
    });
    work.catch((error: unknown) => {
      const said = error instanceof Error ? error.message : String(error);
      send(port, { kind: isBulkError(error) ? "refused" : "broken", message: said });
    });
  });
  port.once("close", () => judge.discard());
});

function send(
  port: MessagePort,
  message: FromJudge,
  chunks: readonly Uint32Array<ArrayBuffer>[] = [],
): void {
  port.postMessage(
    message,
    chunks.map(({ buffer }) => buffer),
  );
}
