import { Validator } from "@seriousme/openapi-schema-validator";
import { beforeAll, expect, it } from "vitest";
import { createTestApi } from "../api.test-support.ts";
import { problemKinds } from "../problems/problem-table.ts";

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
  readonly responses: Readonly<Record<string, { readonly description: string }>>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const routes: string[] = [];
let text: string;
let document: Document;

beforeAll(async () => {
  const { app } = createTestApi();
  app.addHook("onRoute", ({ method, url, schema }) => {
    const methods = [method].flat().filter((one) => one !== "HEAD");
    if (schema?.hide !== true) routes.push(...methods.map((one) => `${one} ${url}`));
  });
  text = (await app.inject("/openapi.json")).body;
  document = JSON.parse(text);
});

const operations = (): readonly (readonly [string, Operation])[] =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(
      ([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const,
    ),
  );

it("is valid OpenAPI 3.1", async () => {
  expect(document.openapi).toBe("3.1.0");
  expect(await new Validator().validate(JSON.parse(text))).toEqual({ valid: true });
});

it("has every route and no other", () => {
  const written = operations().map(([name]) => name.replace(/\{(\w+)\}/g, ":$1"));
  const registered = routes.filter((route) => !/\/(docs|openapi|problems)/.test(route));
  expect(written.toSorted()).toEqual([...new Set(registered)].toSorted());
  expect(written.length).toBeGreaterThan(30);
});

it("describes every operation under an id of its own", () => {
  const ids = operations().map(([, { operationId }]) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [name, { summary, description }] of operations())
    expect([name, summary, description]).toEqual([
      name,
      expect.stringMatching(/^[A-Z]/),
      expect.stringMatching(/\.$|`$/),
    ]);
});

it("says of every operation with a body that it may be refused", () => {
  for (const [name, { requestBody, responses }] of operations())
    if (requestBody !== undefined)
      expect([name, Object.keys(responses)]).toEqual([
        name,
        expect.arrayContaining(["400", "413", "415"]),
      ]);
});

it("refers to nothing that it does not have, and has no schema that nothing refers to", () => {
  const refs = new Set(text.match(/#\/components\/schemas\/\w+/g));
  const { schemas } = JSON.parse(text).components;
  expect([...refs].toSorted()).toEqual(
    Object.keys(schemas)
      .map((name) => `#/components/schemas/${name}`)
      .toSorted(),
  );
});

it("names each problem where it can come", () => {
  const named = new Set(
    operations().flatMap(([, { responses }]) =>
      Object.values(responses).flatMap(({ description }) =>
        [...description.matchAll(/`(\w+)`: /g)].map(([, code]) => code),
      ),
    ),
  );
  // What is no route's own: malformed HTTP, unknown paths, methods, the board.
  const elsewhere = ["bad_request", "route_not_found", "method_not_allowed", "cross_site"];
  const missing = [...problemKinds.keys()].filter((code) => !named.has(code));
  expect(missing.filter((code) => !elsewhere.includes(code))).toEqual([]);
});

it("comes as YAML too", async () => {
  const { app } = createTestApi();
  const yaml = await app.inject("/openapi.yaml");
  expect(yaml.headers["content-type"]).toMatch(/^application\/yaml/);
  expect(yaml.body).toMatch(/^openapi: 3\.1\.0/);
});
