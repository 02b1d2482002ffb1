/** Tables of all errors and all problems of the HTTP API. */
import { type ErrorCode, errorCodes, reasonCode, retryTable } from "@headgate/core";
import { problemKinds } from "../../apps/api/src/problems/problem-table.ts";
import { errorAdvice } from "./error-advice.ts";
import { code, table } from "./markdown.ts";

const retryWords = {
  never: "no",
  "same-call": "yes, by headgate",
  "after-reconcile": "yes, once its effect is known",
} as const;

/** Every error code: what it means, whether it is tried again, what to do. */
export function errors(): string {
  const rows = Object.entries(errorCodes).map(([key, meaning]) => {
    const errorCode = key as ErrorCode;
    const { retry, attempts } = retryTable[errorCode];
    const tries = retry === "never" || !Number.isFinite(attempts) ? "" : `, ${attempts} tries`;
    return [
      code(reasonCode(errorCode)),
      meaning,
      `${retryWords[retry]}${tries}`,
      errorAdvice[errorCode],
    ];
  });
  return table(["code", "means", "tried again", "what to do"], rows);
}

/** Every problem that the HTTP API answers with. */
export function problems(): string {
  const rows = [...problemKinds].map(([problem, { status, title, advice }]) => [
    String(status),
    code(problem),
    title,
    advice,
  ]);
  return table(["status", "code", "means", "what to do"], rows);
}
