/** Shapes that several answers share. */
import { z } from "zod";

export const instant: z.ZodISODateTime = z.iso.datetime().describe("ISO 8601 in UTC");
export const count: z.ZodInt = z.int().min(0);

export const reason = z
  .object({
    code: z.string().describe("stable code, such as source_changed"),
    message: z.string().describe("for people"),
  })
  .describe("why");

/** Token for the next page. */
export const nextCursor = z
  .string()
  .exactOptional()
  .describe("pass as cursor for the next page; absent on the last one");

export const file = z.object({ uri: z.string(), bytes: count });
