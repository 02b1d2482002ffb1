/** What can go wrong in the CLI, and the one place where that becomes an exit code. */

/**
 * Why a command ends early, and the exit code that says so. The same for every command.
 *
 *   failed       (1)    what was waited for ended badly: a load, run or errand failed or was
 *                       cancelled, the doctor found a fault, `up` could not start
 *   usage        (2)    the command line or a file is wrong; nothing was sent
 *   refused      (2)    the API answered 4xx other than 401, 403 and 429
 *   unavailable  (3)    no answer, 429 or 5xx after all retries, or an answer that is not of headgate
 *   no-events    (3)    no events can be had; watch then asks for states instead
 *   login        (4)    the API answered 401 or 403, or there is no key to send
 *   bad-input    (5)    the source files were refused before a slot was spent: by a plan, or by the
 *                       planning of a load that was waited for
 *   timed-out    (6)    --timeout passed before what was waited for had ended; it goes on
 *   interrupted  (130)  SIGINT
 *   terminated   (143)  SIGTERM
 */
export const exitCodeOf = {
  failed: 1,
  usage: 2,
  refused: 2,
  unavailable: 3,
  "no-events": 3,
  login: 4,
  "bad-input": 5,
  "timed-out": 6,
  interrupted: 130,
  terminated: 143,
} as const;

export type CliErrorKind = keyof typeof exitCodeOf;

/** 0 where the command did what it was asked. */
export type ExitCode = 0 | (typeof exitCodeOf)[CliErrorKind];

/** An expected failure; its message is meant for the user and holds no key. */
export class CliError extends Error {
  readonly kind: CliErrorKind;
  /** The API's problem code, such as `load_not_found`. */
  readonly code: string | undefined;

  constructor(
    kind: CliErrorKind,
    message: string,
    options: { readonly code?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "CliError";
    this.kind = kind;
    this.code = options.code;
  }
}

/** Whether a thrown value is a CliError, of one of these kinds if any are given. */
export function isCliError(error: unknown, ...kinds: readonly CliErrorKind[]): error is CliError {
  return error instanceof CliError && (kinds.length === 0 || kinds.includes(error.kind));
}
