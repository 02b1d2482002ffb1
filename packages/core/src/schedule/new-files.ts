/** Which files of a listing are new, by what the ledger of files knows about each. */

/** What the ledger knows about one file that is listed. */
export interface FileKnowledge {
  /** This very file, by URI and pin, has been loaded. */
  readonly isLoaded: boolean;
  /** A load that has not ended holds a file of this URI: the `same` by its pin, or `another` form of it. */
  readonly heldAs?: "same" | "another" | undefined;
}

/**
 * `new`: to be taken. `loaded`: was loaded. `in-flight`: a load has it now. `contested`: a load
 * that has not ended may yet read this form or the one before, so only its end tells.
 */
export type FileVerdict = "new" | "loaded" | "in-flight" | "contested";

/** The verdict on one file. */
export function judgeFile({ isLoaded, heldAs }: FileKnowledge): FileVerdict {
  if (isLoaded) return "loaded";
  switch (heldAs) {
    case undefined:
      return "new";
    case "same":
      return "in-flight";
    default:
      return "contested";
  }
}
