import { describe, expect, it } from "vitest";
import { createTestApi, loadBody } from "../api.test-support.ts";

describe("a load", () => {
  it("is not sent again to who has it already", async () => {
    const { call, newLoad, loads } = createTestApi();
    const url = `/v1/loads/${await newLoad()}`;
    const first = await call({ url });
    const tag = String(first.headers.etag);
    for (const header of [tag, `W/${tag}`, `"other", ${tag}`, "*"]) {
      const again = await call({ url, headers: { "if-none-match": header } });
      expect([header, again.statusCode, again.body]).toEqual([header, 304, ""]);
    }
    loads.move("default.1", { state: "waiting" });
    const moved = await call({ url, headers: { "if-none-match": tag } });
    expect(moved.statusCode).toBe(200);
    expect(moved.headers.etag).not.toBe(tag);
  });

  it("is cancelled by POST too", async () => {
    const { call, newLoad } = createTestApi();
    const answer = await call({ method: "POST", url: `/v1/loads/${await newLoad()}/cancel` });
    expect(answer.json()).toMatchObject({ state: "cancelled" });
  });

  it("is brought again once it has failed", async () => {
    const { call, newLoad, loads } = createTestApi();
    const id = await newLoad();
    const url = `/v1/loads/${id}/retry`;
    expect((await call({ method: "POST", url })).json()).toMatchObject({ code: "load_state" });
    loads.move(id, { state: "failed" });
    const again = await call({ method: "POST", url });
    expect(again.statusCode).toBe(202);
    expect(again.headers.location).toBe("/v1/loads/default.2");
    expect(again.json()).toMatchObject({ retryOf: id, state: "accepted" });
  });

  it("has parts and findings", async () => {
    const { call, newLoad } = createTestApi();
    const url = `/v1/loads/${await newLoad()}`;
    expect((await call({ url: `${url}/parts` })).json()).toEqual({ parts: [] });
    const json = await call({ url: `${url}/findings` });
    expect(json.json()).toEqual({ policy: "refuse", counts: {}, findings: [] });
    expect(json.headers.vary).toBe("accept");
    const csv = await call({ url: `${url}/findings`, headers: { accept: "text/csv, */*;q=0.1" } });
    expect(csv.headers["content-type"]).toBe("text/csv; charset=utf-8");
    expect(csv.body).toMatch(/^uri,line,column,rule,/);
  });

  it.each([
    { uri: "http://169.254.169.254/" },
    { prefix: "/etc/passwd" },
    { glob: "file:///tmp/../*" },
    { keys: ["s3://bucket/a.csv", "orders.csv"] },
    { manifest: "s3://" },
  ])("is not made of files that could never be: %j", async (source) => {
    const { call, loads } = createTestApi();
    const answer = await call({
      ...{ method: "POST", url: "/v1/loads", payload: { ...loadBody, source } },
    });
    expect(answer.statusCode).toBe(422);
    const wrong = Object.values(source).flat().at(-1);
    expect(answer.json()).toMatchObject({ code: "source_uri", fields: { uri: wrong } });
    expect(await loads.list({})).toEqual({ loads: [] });
  });

  it.each(['{"unexpected":1}', "[]", "1"])("is not cancelled by a body of %s", async (payload) => {
    const { call, newLoad, loads } = createTestApi();
    const id = await newLoad();
    const answer = await call({
      ...{ method: "POST", url: `/v1/loads/${id}/cancel`, payload },
      headers: { "content-type": "application/json" },
    });
    expect(answer.statusCode).toBe(400);
    expect(await loads.get(id)).toMatchObject({ state: "accepted" });
  });

  it.each([
    ["deep", `${"[".repeat(50_000)}${"]".repeat(50_000)}`],
    ["a number", "1e999"],
    ["null", "null"],
    ["a text", '"load"'],
    ["an endless key", JSON.stringify({ ...loadBody, ["k".repeat(100_000)]: 1 })],
  ])("is not made of JSON that is %s", async (_what, payload) => {
    const { call, loads } = createTestApi();
    const headers = { "content-type": "application/json" };
    const answer = await call({ method: "POST", url: "/v1/loads", payload, headers });
    expect(answer.statusCode).toBe(400);
    expect(loads.accepted).toEqual([]);
  });

  it("is only for delete where its header says so", async () => {
    const { call } = createTestApi();
    const payload = { ...loadBody, header: "absent" };
    for (const url of ["/v1/loads", "/v1/plans"]) {
      const answer = await call({ method: "POST", url, payload });
      expect(answer.json()).toMatchObject({ code: "request_invalid", fields: { field: "header" } });
    }
  });
});

describe("the list of loads", () => {
  it("takes states repeated or with commas", async () => {
    const { call, newLoad, loads } = createTestApi();
    const ids = [await newLoad(), await newLoad(), await newLoad()];
    loads.move(ids[0] ?? "", { state: "failed" });
    loads.move(ids[1] ?? "", { state: "cancelled" });
    for (const query of ["state=failed,cancelled", "state=failed&state=cancelled"])
      expect((await call({ url: `/v1/loads?${query}` })).json().loads).toHaveLength(2);
  });

  it.each([
    "since=yesterday",
    "until=2026-13-01",
    "operation=insert",
    "state=",
    "limit=1e1",
    "limit= 1",
  ])("is refused for ?%s", async (query) => {
    const { call } = createTestApi();
    const answer = await call({ url: `/v1/loads?${query}` });
    expect(answer.json()).toMatchObject({ status: 400, code: "request_invalid" });
  });
});
