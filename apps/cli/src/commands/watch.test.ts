/** `headgate watch` as a process whose output goes into a pipe. */
import { once } from "node:events";
import { expect, test } from "vitest";
import { scriptedServer } from "../api/scripted-server.test-support.ts";
import { startHeadgate } from "../headgate.test-support.ts";

test.each([
  ["lines", []],
  ["JSON", ["--json"]],
])("ends by the next heartbeat when nobody reads its %s any more", async (_what, flags) => {
  const readerLeft = Promise.withResolvers<void>();
  const { client } = await scriptedServer(async (_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write('id: 1-0\nevent: redis.away\ndata: {"message":"x"}\n\n');
    await readerLeft.promise;
    response.write(": heartbeat\n\n");
  });
  const { apiUrl, apiKey } = client.config;
  const { child, ended } = startHeadgate(["watch", ...flags], {
    HEADGATE_API_URL: apiUrl,
    HEADGATE_API_KEY: apiKey,
  });
  const exited = once(child, "exit");
  await once(child.stdout ?? child, "data");
  child.stdout?.destroy();
  await expect(ended).rejects.toThrow("Premature close");
  readerLeft.resolve();
  expect(await exited).toEqual([0, null]);
});
