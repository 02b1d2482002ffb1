import { expect, it } from "vitest";
import { createTestApi } from "../api.test-support.ts";
import { problemKinds } from "../problems/problem-table.ts";

it("asks for nothing beyond its own server, and runs no inline script", async () => {
  const { app } = createTestApi();
  const page = await app.inject("/docs");
  expect(page.statusCode).toBe(200);
  expect(page.body).toContain("headgate HTTP API");
  expect(page.body).not.toMatch(/(?:src|href)="https?:|<script>|on\w+="/);
  expect(page.headers["content-security-policy"]).toContain("script-src 'self';");
  expect(page.headers["content-security-policy"]).not.toMatch(/https?:/);
  const links = [...page.body.matchAll(/(?:src|href)="(\/docs\/[^"]+)"/g)].map(([, url]) => url);
  expect(links.length).toBeGreaterThan(5);
  for (const url of links)
    expect([url, (await app.inject(url ?? "")).statusCode]).toEqual([url, 200]);
  expect((await app.inject("/docs/json")).json()).toEqual(
    (await app.inject("/openapi.json")).json(),
  );
});

it("has a page for every problem, and none for others", async () => {
  const { app } = createTestApi();
  const all = await app.inject("/problems");
  for (const [code, { advice }] of problemKinds) {
    const page = await app.inject(`/problems/${code}`);
    expect([code, page.statusCode]).toEqual([code, 200]);
    expect(page.body).toContain(advice);
    expect(all.body).toContain(advice);
  }
  for (const code of ["nothing", "__proto__", "%3Cscript%3E"]) {
    const none = await app.inject(`/problems/${code}`);
    expect(none.statusCode).toBe(404);
    expect(none.body).not.toContain("script>");
  }
});
