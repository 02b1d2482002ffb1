import { BulkError } from "@headgate/core";
import { z } from "zod";

const loadPath = z.object({ id: z.string().regex(/^[A-Za-z0-9._~-]{1,100}$/) });

/** The load id in a path. Throws ERR_LOAD_NOT_FOUND for text that no load id can be. */
export function parseLoadPath(params: unknown): string {
  const parsed = loadPath.safeParse(params);
  if (parsed.success) return parsed.data.id;
  throw new BulkError("ERR_LOAD_NOT_FOUND", "the path holds no load id");
}

/** The error for a load that is not there. */
export function loadNotFound(id: string): BulkError {
  return new BulkError("ERR_LOAD_NOT_FOUND", `there is no load ${id}`, { fields: { load: id } });
}
