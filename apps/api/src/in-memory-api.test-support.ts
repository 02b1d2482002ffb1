/**
 * An API over loads in memory as a process of its own, for tests of its clients, who may not
 * import it. Start it with fork(); it tells its URL, obeys commands and tells what happens.
 */
import { clientOf, createTestApi } from "./api.test-support.ts";

/** What the parent may send. Each command is answered with `{ kind: "done" }`. */
export type ApiCommand =
  | { readonly kind: "move"; readonly id: string; readonly change: Record<string, unknown> }
  | { readonly kind: "away"; readonly away: boolean }
  /** Carries out the next requests and cuts their connections in place of an answer. */
  | { readonly kind: "lose-answers"; readonly count: number }
  /** Redis is there and no answer will be lost. */
  | { readonly kind: "recover" };

/** What the process tells. */
export type ApiReport =
  | { readonly kind: "listening"; readonly url: string }
  | { readonly kind: "done" }
  | {
      readonly kind: "request";
      readonly method: string;
      /** Status of the answer, 0 where it was lost. */
      readonly status: number;
    };

const { app, loads } = createTestApi({
  clients: [clientOf("cli", process.env.TEST_API_KEY ?? "")],
});
let answersToLose = 0;
const report = (message: ApiReport): void => void process.send?.(message);

app.addHook("onSend", async (request, reply) => {
  const lost = answersToLose > 0;
  if (lost) {
    answersToLose -= 1;
    reply.hijack();
    request.raw.socket.destroy();
  }
  report({ kind: "request", method: request.method, status: lost ? 0 : reply.statusCode });
});

process.on("message", (command: ApiCommand) => {
  switch (command.kind) {
    case "move":
      loads.move(command.id, command.change);
      break;
    case "away":
      loads.away = command.away;
      break;
    case "lose-answers":
      answersToLose = command.count;
      break;
    case "recover":
      loads.away = false;
      answersToLose = 0;
      break;
  }
  report({ kind: "done" });
});
process.on("disconnect", () => process.exit(0));

report({ kind: "listening", url: await app.listen({ host: "127.0.0.1", port: 0 }) });
