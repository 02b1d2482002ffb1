/** How the emulator's state says no: an error that carries the HTTP status of the answer. */
import { BulkError, type ErrorCode, type Milliseconds } from "@headgate/core";

const codeOfStatus = {
  400: "ERR_API_BAD_REQUEST",
  401: "ERR_API_UNAUTHORIZED",
  404: "ERR_API_NOT_FOUND",
  409: "ERR_API_CONFLICT",
  413: "ERR_API_TOO_LARGE",
  415: "ERR_API_BAD_REQUEST",
  429: "ERR_API_THROTTLED",
} as const satisfies Record<number, ErrorCode>;

export type RefusalStatus = keyof typeof codeOfStatus;

/** An answer of `status` with this message; `waitMs` is what a Retry-After would say. */
export function refusal(
  status: RefusalStatus,
  message: string,
  options: { readonly waitMs?: Milliseconds } = {},
): BulkError {
  return new BulkError(codeOfStatus[status], message, {
    fields: { status, ...(options.waitMs === undefined ? {} : { waitMs: options.waitMs }) },
  });
}
