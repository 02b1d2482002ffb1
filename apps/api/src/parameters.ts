/** Parameters of paths, queries and headers that several routes have. */
import { connectionNamePattern } from "@headgate/core";
import { z } from "zod";

/** A whole number in a query. */
export function whole(least: number, most: number): z.ZodType<number> {
  return z.preprocess(
    (text) => (typeof text === "string" && /^\d{1,9}$/.test(text) ? Number(text) : text),
    z.int().min(least).max(most),
  );
}

/** A list in a query: the parameter repeated, or its values with commas. */
export function listOf<Item extends z.ZodType>(item: Item): z.ZodType<z.output<Item>[]> {
  return z.preprocess(
    (given) => (typeof given === "string" ? [given] : given),
    z.preprocess(
      (given) => (Array.isArray(given) ? given.flatMap((text) => String(text).split(",")) : given),
      z.array(item).min(1).max(50),
    ),
  );
}

/** An instant in a query, as ms since 1970. */
export const instantParameter: z.ZodType<number> = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], {
    error: "must be ISO 8601, such as 2026-01-31 or 2026-01-31T02:00:00Z",
  })
  .transform((text) => Date.parse(text));

export const connectionParameter: z.ZodString = z
  .string()
  .regex(connectionNamePattern, "must be a connection's name: a-z, 0-9 and -, 1 to 32 long")
  .describe("name of a connection");

/** Properties of every paged list. */
export const pageParameters = {
  limit: whole(1, 100).exactOptional().describe("entries in a page; default 20"),
  cursor: z.string().min(1).max(512).exactOptional().describe("nextCursor of the page before"),
};

export const noQuery: z.ZodObject = z.strictObject({});
/** Of a request that says all by its path; an empty JSON object is as good as nothing. */
export const noBody: z.ZodOptional = z.strictObject({}).optional();

/** Ids of loads, bulk jobs, runs and errands. */
export const idPath: z.ZodObject<{ id: z.ZodString }> = z.object({
  id: z
    .string()
    .regex(/^[A-Za-z0-9._~-]{1,100}$/)
    .describe("id, as an earlier answer gave it"),
});

/** A schedule's name, or `connection.name`. */
export const schedulePath: z.ZodObject<{ name: z.ZodString }> = z.object({
  name: z
    .string()
    .regex(/^([a-z0-9][a-z0-9-]{0,31}\.)?[a-z0-9][a-z0-9-]{0,47}$/)
    .describe("the schedule's name, or connection.name where two connections have it"),
});
