import { writeFile } from "node:fs/promises";
import { findingsCsv } from "@headgate/core";
import type { FindingsAnswer } from "./api/findings.ts";
import { CliError } from "./errors.ts";

/** Writes findings as CSV to a file, replacing it. Throws CliError (usage) where it cannot. */
export async function writeFindings(file: string, findings: FindingsAnswer): Promise<void> {
  try {
    await writeFile(file, findingsCsv(findings));
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unwritable";
    throw new CliError("usage", `cannot write the findings to ${file} (${code})`, { cause });
  }
}
