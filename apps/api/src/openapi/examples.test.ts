/** Every example of the document, sent to the real doors. */
import type { Producer } from "@headgate/orchestrator/producer";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestApi, type TestApi } from "../api.test-support.ts";
import { openTestDoors } from "../doors.test-support.ts";

let doors: Producer;
let api: TestApi;

beforeAll(async () => {
  doors = await openTestDoors();
  api = createTestApi({ doors });
});
afterAll(async () => {
  await api.app.close();
  await doors.close();
});

interface Media {
  readonly schema: { readonly $ref?: string; readonly examples?: readonly unknown[] };
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

it("is accepted", async () => {
  const document = (await api.app.inject("/openapi.json")).json();
  const sent: string[] = [];
  for (const [path, item] of Object.entries<Record<string, unknown>>(document.paths)) {
    const post = item.post as { requestBody?: { content: Record<string, Media> } } | undefined;
    for (const [type, media] of Object.entries(post?.requestBody?.content ?? {}))
      for (const example of examplesOf(media, document)) {
        const answer = await api.call({
          method: "POST",
          url: path.replace("{name}", "nightly"),
          headers: { "content-type": type, "idempotency-key": crypto.randomUUID() },
          payload: typeof example === "string" ? example : JSON.stringify(example),
        });
        expect([path, answer.statusCode, answer.body]).toEqual([
          path,
          expect.toSatisfy((status: number) => status === 201 || status === 202),
          answer.body,
        ]);
        sent.push(path);
      }
  }
  expect(new Set(sent)).toEqual(
    new Set([
      "/v1/loads",
      "/v1/loads/batch",
      "/v1/plans",
      "/v1/schedules",
      "/v1/schedules/{name}/run",
      "/v1/schedules/{name}/backfill",
      "/v1/schedules/{name}/test",
    ]),
  );
});

function examplesOf(media: Media, document: { components: unknown }): readonly unknown[] {
  if (media.example !== undefined) return [media.example];
  if (media.examples !== undefined) return Object.values(media.examples).map(({ value }) => value);
  const name = media.schema.$ref?.split("/").at(-1) ?? "";
  const { schemas } = document.components as { schemas: Record<string, Media["schema"]> };
  return media.schema.examples ?? schemas[name]?.examples ?? [];
}
