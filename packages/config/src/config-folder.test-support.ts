/** A folder with configuration files, for tests. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BulkError } from "@headgate/core";
import { onTestFinished } from "vitest";
import { type LoadOptions, loadConfig } from "./load-config.ts";

export interface ConfigFolder {
  readonly path: string;
  /** Writes a file into the folder and gives its path. */
  write(name: string, text: string): string;
}

/** Gone when the test has finished. */
export function configFolder(): ConfigFolder {
  const path = mkdtempSync(join(tmpdir(), "headgate-config-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return {
    path,
    write(name, text) {
      const file = join(path, name);
      writeFileSync(file, text);
      return file;
    },
  };
}

/** The least that a configuration needs. */
export const minimal = `
connections:
  default:
    consumerKey: app
    user: loader@example.com
    keyFile: key.pem
    connectors:
      crm: { schema: none }
`;

/** The lines of ERR_CONFIG, the file's folder left out. */
export function faultsOf(options: LoadOptions): readonly string[] {
  try {
    loadConfig(options);
  } catch (error) {
    if (!(error instanceof BulkError) || error.code !== "ERR_CONFIG") throw error;
    const [title, ...lines] = error.message.split("\n");
    if (title !== "the configuration is wrong:" || error.fields.faults !== lines.length)
      throw error;
    return lines.map((line) => line.trim().replaceAll(/\/\S*headgate-config-[^/]*\//g, ""));
  }
  throw new Error("the configuration was taken");
}

/** The faults of a headgate.yaml with this text. */
export function faultsIn(text: string): readonly string[] {
  return faultsOf({ path: configFolder().write("headgate.yaml", text) });
}
