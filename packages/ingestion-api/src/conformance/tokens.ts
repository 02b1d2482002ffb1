/** Logging in, and what happens to a token that the API refuses. */
import { Secret, seconds } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { createIngestionClient } from "../client.ts";
import type { DataCloudToken } from "../login.ts";
import { type ApiSubject, clientFor } from "./subject.ts";

export function describeTokens(subject: ApiSubject): void {
  describe("tokens", () => {
    it("are fetched once and live for more than two minutes", async () => {
      const { tokenSource } = clientFor(subject);
      const token = await tokenSource.token();
      expect(await tokenSource.token()).toBe(token);
      expect(token.lifeMs).toBeGreaterThan(seconds(120));
    });

    it("are replaced after an invalidation", async () => {
      const { tokenSource, client } = clientFor(subject);
      const first = await tokenSource.token();
      tokenSource.invalidate(first);
      expect(await tokenSource.token()).not.toBe(first);
      expect(await client.list({ limit: 1 })).toBeInstanceOf(Array);
    });

    it("that the API does not know are refused, and the call is replayed once", async () => {
      const { tokenSource, transport } = clientFor(subject);
      const forged: DataCloudToken = {
        ...(await tokenSource.token()),
        secret: new Secret("not-a-token"),
      };
      let invalidated = 0;
      const client = createIngestionClient({
        transport,
        tokenSource: {
          token: async () => forged,
          invalidate() {
            invalidated += 1;
          },
        },
      });
      await expect(client.list()).rejects.toMatchObject({ code: "ERR_API_UNAUTHORIZED" });
      expect(invalidated).toBe(1);
    });

    it("let the server's clock be known", async () => {
      const { client } = clientFor(subject);
      await client.list({ limit: 1 });
      expect(client.serverClockOffsetMs()).toBeTypeOf("number");
    });
  });
}
