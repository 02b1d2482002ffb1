/** What an upload and its judge's thread say to each other over one MessagePort a file. */
import type { MessagePort } from "node:worker_threads";
import type { EmulatorSettings } from "../settings.ts";
import type { AcceptedFile } from "../state/bulk-job.ts";
import type { JudgedAs } from "./csv-judge.ts";

/** Opens a judge in the thread. */
export interface OpenJudge {
  readonly port: MessagePort;
  readonly as: JudgedAs;
  readonly settings: EmulatorSettings;
}

export type ToJudge =
  | { readonly kind: "chunk"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "end" };

export type FromJudge =
  /** One chunk is read. */
  | { readonly kind: "read" }
  | {
      readonly kind: "passed";
      readonly file: AcceptedFile;
      /** Chunks of the file's row log. */
      readonly rows: readonly Uint32Array<ArrayBuffer>[];
    }
  /** The file is refused with 400. */
  | { readonly kind: "refused"; readonly message: string }
  /** The judge itself is at fault. */
  | { readonly kind: "broken"; readonly message: string };
