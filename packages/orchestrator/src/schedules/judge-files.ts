/** Sorts the files that a look has found by what the ledger of files knows of them. */
import { judgeFile } from "@headgate/core";
import type { Ledger } from "../ledger/ledger.ts";
import { digest, digestsOf, type FileDigests, readFileFacts } from "./file-ledger.ts";
import type { Found } from "./look.ts";
import type { NewFile } from "./take-files.ts";

/** The files of a look, judged. */
export interface JudgedFiles {
  readonly newFiles: readonly NewFile[];
  /** Digest of the new files, by URI and pin. */
  readonly fingerprint: string;
  /** Loaded already, or on their way; and how many of them are of the run's own date. */
  readonly known: readonly FileDigests[];
  readonly ownKnown: number;
  /** URI of a file that another load is taking in an earlier form. */
  readonly contested: string | undefined;
}

/** Judges each file. */
export async function judgeFiles(
  ledger: Ledger,
  target: string,
  { files, ownFiles }: Found,
): Promise<JudgedFiles> {
  const candidates = files.map((file) => ({
    uri: file.uri,
    bytes: file.bytes,
    ...digestsOf(file),
  }));
  const facts = await readFileFacts(ledger, target, candidates);
  const newFiles: NewFile[] = [];
  const known: FileDigests[] = [];
  let ownKnown = 0;
  let contested: string | undefined;
  for (const [index, candidate] of candidates.entries()) {
    const verdict = judgeFile(facts[index] ?? { isLoaded: false });
    if (verdict === "new") newFiles.push(candidate);
    else if (verdict === "contested") contested ??= candidate.uri;
    else {
      known.push(candidate);
      if (index >= files.length - ownFiles) ownKnown++;
    }
  }
  const fingerprint = digest(newFiles.map(({ file }) => file));
  return { newFiles, fingerprint, known, ownKnown, contested };
}
