/** Bodies and queries are parsed once, here. */
import { z } from "zod";
import { refusal } from "../state/refusal.ts";

/** The parsed value, or a refusal with 400 that names each field at fault. */
export function parse<Value>(shape: z.ZodType<Value>, value: unknown): Value {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refusal(400, z.prettifyError(parsed.error));
}
