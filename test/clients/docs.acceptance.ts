/** The documentation's commands that need other programs than Node. */
import { describe, it } from "vitest";
import { runSession } from "../docs/session.ts";
import { allBlocks, sessionsOf } from "../docs/sessions.ts";

const sessions = sessionsOf(allBlocks());

describe("commands in the documentation", () => {
  it.each(["elsewhere", "processes", "tenant"])('of the session "%s" work', async (name) => {
    await runSession(sessions.get(name) ?? []);
  });
});
