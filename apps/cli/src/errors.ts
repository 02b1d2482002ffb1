/** What can go wrong in the CLI, and the one place where that becomes an exit code. */

/** Exit codes, the same for every command. */
export const exitCodes = {
  /** The command did what it was asked. */
  ok: 0,
  /** With --wait: the load ended as failed or cancelled. */
  loadFailed: 1,
  /** The command line or the request is wrong: the API answered 4xx, or nothing was sent. */
  usage: 2,
  /** The API cannot be reached, or answered 5xx, or something that is not of headgate. */
  unavailable: 3,
  /** The API key is missing or not accepted. */
  login: 4,
  /** SIGINT: 128 + 2. */
  interrupted: 130,
  /** SIGTERM: 128 + 15. */
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/**
 * Why a command ends early.
 *
 *   usage        the command line is wrong; nothing was sent
 *   refused      the API answered 4xx other than 401 and 403
 *   login        the API answered 401 or 403, or there is no key to send
 *   unavailable  no answer, 5xx, or an answer that is not of headgate, after all retries
 *   load-failed  the load that was waited for ended as failed or cancelled
 *   interrupted  SIGINT
 *   terminated   SIGTERM
 */
export type CliErrorKind =
  | "load-failed"
  | "usage"
  | "refused"
  | "login"
  | "unavailable"
  | "interrupted"
  | "terminated";

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
    super(message, { cause: options.cause });
    this.name = "CliError";
    this.kind = kind;
    this.code = options.code;
  }
}

/** The exit code that an error of this kind means. */
export function exitCodeOf(kind: CliErrorKind): ExitCode {
  switch (kind) {
    case "load-failed":
      return exitCodes.loadFailed;
    case "usage":
    case "refused":
      return exitCodes.usage;
    case "login":
      return exitCodes.login;
    case "unavailable":
      return exitCodes.unavailable;
    case "interrupted":
      return exitCodes.interrupted;
    case "terminated":
      return exitCodes.terminated;
  }
}
