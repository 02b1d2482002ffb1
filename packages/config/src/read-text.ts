/** Reads small files that settings name. */
import { readFileSync, statSync } from "node:fs";

/** What came of it; `code` is the system's, such as ENOENT. */
export type ReadText =
  | { readonly kind: "read"; readonly text: string }
  | { readonly kind: "unreadable"; readonly code: string };

/** Longest such file: 16 MiB. A device or a dump given by mistake must not fill memory. */
const maxFileBytes = 16 * 1024 * 1024;

/** Reads a regular file as UTF-8. */
export function readText(path: string): ReadText {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return { kind: "unreadable", code: "not a file" };
    if (stats.size > maxFileBytes)
      return { kind: "unreadable", code: `${stats.size} bytes, allowed are ${maxFileBytes}` };
    return { kind: "read", text: readFileSync(path, "utf8") };
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    return { kind: "unreadable", code: String(error.code) };
  }
}
