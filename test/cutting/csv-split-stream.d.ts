declare module "csv-split-stream" {
  import type { Readable, Writable } from "node:stream";

  export function split(
    input: Readable,
    options: { readonly lineLimit: number; readonly delimiter?: string },
    createOutput: (index: number) => Writable,
  ): Promise<{ readonly totalChunks: number }>;
}
