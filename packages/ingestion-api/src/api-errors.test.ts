import { BulkError, isBulkError, milliseconds } from "@headgate/core";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  expectStatus,
  expectTokens,
  type Operation,
  parseAnswer,
  readApiError,
  withoutToken,
} from "./api-errors.ts";
import { bulkJobWire } from "./contract/bulk.ts";
import type { HttpAnswer, HttpResult } from "./http-transport.ts";
import { jobId, wireJob } from "./test-tenant.test-support.ts";

const upload: Operation = { name: "upload", effect: true, path: "/p", bulkJobId: jobId };
const info: Operation = { name: "info", effect: false, path: "/p", bulkJobId: jobId };
const login: Operation = { name: "login", effect: false, path: "/services/oauth2/token" };

function answer(
  status: number,
  text: string | undefined = "",
  more: Partial<HttpAnswer> = {},
): HttpAnswer {
  return { kind: "answer", status, text, bodySent: true, ...more };
}

function errorOf(act: () => unknown): BulkError {
  try {
    act();
  } catch (error) {
    if (isBulkError(error)) return error;
    throw error;
  }
  throw new Error("no error");
}

const statusOf = (operation: Operation, result: HttpResult) =>
  errorOf(() => expectStatus(operation, result, [200]));

describe("a status", () => {
  it("that is wanted gives the answer", () => {
    const wanted = answer(202);
    expect(expectStatus(upload, wanted, [201, 202])).toBe(wanted);
  });

  it.each([
    [302, "ERR_API_UNEXPECTED", "ERR_API_UNEXPECTED"],
    [204, "ERR_API_UNEXPECTED", "ERR_API_UNEXPECTED"],
    [400, "ERR_API_BAD_REQUEST", "ERR_API_BAD_REQUEST"],
    [401, "ERR_API_UNAUTHORIZED", "ERR_API_UNAUTHORIZED"],
    [403, "ERR_API_FORBIDDEN", "ERR_API_FORBIDDEN"],
    [404, "ERR_API_NOT_FOUND", "ERR_API_NOT_FOUND"],
    [405, "ERR_API_UNEXPECTED", "ERR_API_UNEXPECTED"],
    [408, "ERR_API_UNKNOWN_OUTCOME", "ERR_API_UNKNOWN_OUTCOME"],
    [409, "ERR_API_CONFLICT", "ERR_API_CONFLICT"],
    [413, "ERR_API_TOO_LARGE", "ERR_API_TOO_LARGE"],
    [415, "ERR_API_UNEXPECTED", "ERR_API_UNEXPECTED"],
    [429, "ERR_API_THROTTLED", "ERR_API_THROTTLED"],
    [500, "ERR_API_UNKNOWN_OUTCOME", "ERR_API_SERVER"],
    [502, "ERR_API_UNKNOWN_OUTCOME", "ERR_API_SERVER"],
    [503, "ERR_API_UNKNOWN_OUTCOME", "ERR_API_SERVER"],
    [504, "ERR_API_UNKNOWN_OUTCOME", "ERR_API_SERVER"],
  ])("%i is %s for a call with effects and %s for one without", (status, withEffects, without) => {
    expect(statusOf(upload, answer(status)).code).toBe(withEffects);
    expect(statusOf(info, answer(status)).code).toBe(without);
  });

  it("comes with operation, bulk job, path, status and the wait asked for", () => {
    const error = statusOf(upload, answer(429, "", { retryAfterMs: milliseconds(7000) }));
    expect(error.fields).toEqual({
      operation: "upload",
      path: "/p",
      bulkJobId: jobId,
      status: 429,
      retryAfterMs: 7000,
    });
    expect(error.message).toBe(`upload of bulk job ${jobId}: the API answered 429`);
  });

  it("is believed though its answer was cut", () => {
    const cut = { text: undefined, textFault: "cut" } as const;
    expect(statusOf(upload, answer(401, undefined, cut)).code).toBe("ERR_API_UNAUTHORIZED");
    expect(statusOf(upload, answer(413, undefined, cut)).code).toBe("ERR_API_TOO_LARGE");
  });

  it("quotes the API's message and nothing else of its body", () => {
    const body = {
      message: "conflicts with the state",
      path: "uri=canary",
      details: { a: "canary" },
    };
    const { message } = statusOf(info, answer(409, JSON.stringify(body)));
    expect(message).toBe(
      `info of bulk job ${jobId}: the API answered 409: conflicts with the state`,
    );
  });

  it("quotes at most 200 characters on one line, and no token", () => {
    const said = `line\nbreak ${"x".repeat(50)} ${"word ".repeat(100)}`;
    const { message } = statusOf(info, answer(400, JSON.stringify({ message: said })));
    expect(message).toContain("line break *** word");
    expect(message).not.toContain("xxx");
    expect(message.length).toBeLessThan(200 + 100);
  });

  it.each(["upload", "stream-upsert", "stream-delete", "validate"] as const)(
    "quotes nothing of what is said of the records of %s",
    (name) => {
      const said = JSON.stringify({ message: "row 1: canary is no number" });
      const error = statusOf({ name, effect: true, path: "/p" }, answer(400, said));
      expect(error).toMatchObject({ code: "ERR_API_BAD_REQUEST", fields: { status: 400 } });
      expect(error.message).not.toContain("canary");
    },
  );

  it("quotes nothing of a body that is not the API's", () => {
    const { message } = statusOf(info, answer(502, "<html>canary</html>"));
    expect(message).not.toContain("canary");
  });
});

describe("a broken call", () => {
  it("that was never sent is unreachable", () => {
    const cause = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    const error = statusOf(upload, { kind: "not-sent", cause });
    expect(error).toMatchObject({ code: "ERR_API_UNREACHABLE", cause });
    expect(error.fields).toMatchObject({
      operation: "upload",
      bulkJobId: jobId,
      reason: "ECONNREFUSED",
    });
    expect(error.message).toBe(`upload of bulk job ${jobId}: no connection (ECONNREFUSED)`);
  });

  it.each([upload, info])("that was sent has an unknown outcome", (operation) => {
    const cause = Object.assign(new Error("reset"), { code: "ECONNRESET" });
    const error = statusOf(operation, { kind: "no-answer", cause });
    expect(error).toMatchObject({ code: "ERR_API_UNKNOWN_OUTCOME", cause });
    expect(error.fields).toMatchObject({ reason: "ECONNRESET" });
    expect(error.fields.status).toBeUndefined();
    expect(error.message).toBe(`${operation.name} of bulk job ${jobId}: no answer (ECONNRESET)`);
  });

  it.each([new Error("tls"), Object.assign(new Error("tls"), { code: 7 })])(
    "whose cause has no code is told by its message",
    (cause) => {
      expect(statusOf(login, { kind: "not-sent", cause }).fields.reason).toBe("tls");
    },
  );
});

describe("an answer's body", () => {
  it("is parsed by its contract", () => {
    const job = parseAnswer(info, answer(200, JSON.stringify(wireJob())), bulkJobWire);
    expect(job.state).toBe("Open");
  });

  it.each([
    ["empty", ""],
    ["blank", " \n"],
    ["HTML", "<!doctype html><p>canary"],
    ["half JSON", '{"id":"canary'],
    ["a list", '["canary"]'],
    ["null", "null"],
    ["a bulk job without id", JSON.stringify(wireJob({ id: undefined }))],
    ["a bulk job with a path for an id", JSON.stringify(wireJob({ id: "../../canary" }))],
    ["a bulk job in an unknown state", JSON.stringify(wireJob({ state: "Canary" }))],
  ])("that is %s is unexpected, and is not quoted", (_, text) => {
    const error = errorOf(() => parseAnswer(info, answer(200, text), bulkJobWire));
    expect(error).toMatchObject({ code: "ERR_API_UNEXPECTED", fields: { status: 200 } });
    expect(`${error.message} ${JSON.stringify(error.fields)}`).not.toMatch(/canary/i);
    expect(error.cause).toBeUndefined();
  });

  it.each([
    ["", "an empty body"],
    [" \n", "an empty body"],
    ["<p>", "a body that is not JSON"],
    ["7", 'a body outside its contract at ""'],
  ])("%j is told as what it is", (text, what) => {
    const { message } = errorOf(() => parseAnswer(info, answer(200, text), bulkJobWire));
    expect(message).toBe(`info of bulk job ${jobId}: the API answered 200 with ${what}`);
  });

  it("names the first place where it leaves its contract", () => {
    const text = JSON.stringify({ data: [{ state: "x" }, { state: "y" }] });
    const shape = z.object({ data: z.array(z.object({ state: z.literal("Open") })) });
    expect(errorOf(() => parseAnswer(info, answer(200, text), shape)).message).toContain(
      '"data.0.state"',
    );
  });

  it("over 1 MiB is unexpected", () => {
    const big = answer(200, undefined, { text: undefined, textFault: "too-large" });
    const error = errorOf(() => parseAnswer(info, big, bulkJobWire));
    expect(error.code).toBe("ERR_API_UNEXPECTED");
    expect(error.message).toContain("the API answered 200 with a body over 1 MiB");
  });

  it("that was cut leaves the outcome unknown", () => {
    const cut = answer(201, undefined, { text: undefined, textFault: "cut" });
    expect(errorOf(() => parseAnswer(upload, cut, bulkJobWire))).toMatchObject({
      code: "ERR_API_UNKNOWN_OUTCOME",
      message: `upload of bulk job ${jobId}: the answer was cut`,
      fields: { status: 201 },
    });
  });

  it("tells of an error only in the API's form", () => {
    const said = { message: "no such object" };
    expect(readApiError(answer(404, JSON.stringify(said)))).toMatchObject(said);
    for (const text of [undefined, "", "<p>", "[]"])
      expect(readApiError(answer(404, undefined, { text }))).toBeUndefined();
  });
});

describe("a token call", () => {
  it.each([400, 401, 403, 404, 415])("answered %i is refused", (status) => {
    const error = errorOf(() => expectTokens(login, answer(status)));
    expect(error).toMatchObject({ code: "ERR_AUTH_REFUSED", fields: { status, error: undefined } });
    expect(error.fields.description).toBeUndefined();
    expect(error.message).toBe(`login: refused with ${status}: without a reason`);
  });

  it("answered 200 gives the answer", () => {
    const good = answer(200, "{}");
    expect(expectTokens(login, good)).toBe(good);
  });

  it("that the service refuses in one word is told so", () => {
    const error = errorOf(() => expectTokens(login, answer(499, '{"error":"invalid_client"}')));
    expect(error.fields).toMatchObject({ status: 499, error: "invalid_client" });
    expect(error.fields.description).toBeUndefined();
    expect(error.message).toBe("login: refused with 499: invalid_client ()");
  });

  it("that broke is told as a broken call", () => {
    const cause = Object.assign(new Error("reset"), { code: "ECONNRESET" });
    const broken = errorOf(() => expectTokens(login, { kind: "no-answer", cause }));
    expect(broken.code).toBe("ERR_API_UNKNOWN_OUTCOME");
  });

  it("shows the service's error and description", () => {
    const body = {
      error: "invalid_grant",
      error_description: "user hasn't approved this consumer",
    };
    const error = errorOf(() => expectTokens(login, answer(400, JSON.stringify(body))));
    expect(error.fields).toMatchObject({
      operation: "login",
      status: 400,
      error: "invalid_grant",
      description: "user hasn't approved this consumer",
    });
    expect(error.message).toContain("invalid_grant (user hasn't approved this consumer)");
  });

  it("hides a credential that the service echoes", () => {
    const echoed = `eyJhbGciOiJSUzI1NiJ9.${"canary".repeat(20)}`;
    const body = { error: echoed, error_description: `bad assertion ${echoed}` };
    const error = errorOf(() => expectTokens(login, answer(400, JSON.stringify(body))));
    expect(`${error.message} ${JSON.stringify(error.fields)}`).not.toContain("canary");
  });

  it.each([
    [302, "ERR_API_UNEXPECTED"],
    [408, "ERR_API_UNKNOWN_OUTCOME"],
    [399, "ERR_API_UNEXPECTED"],
    [429, "ERR_API_THROTTLED"],
    [500, "ERR_API_SERVER"],
  ])("answered %i is %s", (status, code) => {
    expect(errorOf(() => expectTokens(login, answer(status))).code).toBe(code);
  });
});

describe("a call that got no token", () => {
  it("was not sent, whatever the API answered the token call", () => {
    const failed = new BulkError("ERR_API_UNKNOWN_OUTCOME", "login: no answer", {
      fields: { operation: "login" },
    });
    const error = withoutToken(failed);
    expect(error).toBeInstanceOf(BulkError);
    expect(error).toMatchObject({
      code: "ERR_API_UNREACHABLE",
      message: "login: no answer",
      fields: { operation: "login" },
      cause: failed,
    });
  });

  it("keeps an error that is not the API's", () => {
    const refused = new BulkError("ERR_AUTH_REFUSED", "login: refused");
    expect(withoutToken(refused)).toBe(refused);
    const bug = new TypeError("ERR_API_ of another kind");
    expect(withoutToken(bug)).toBe(bug);
  });
});
