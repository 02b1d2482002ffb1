/** The event for what was refused because its seal does not fit. */
import { type BulkError, reasonCode } from "@headgate/core";
import type { EmitEvent } from "../events.ts";
import type { Ledger } from "../ledger/ledger.ts";

/** Tells an ERR_RECORD_TAMPERED of a record or task; other faults are told where they end something. */
export function tellRefused(
  { ledger, ports }: { readonly ledger: Ledger; readonly ports: { readonly emit: EmitEvent } },
  { code, fields }: Pick<BulkError, "code" | "fields">,
): void {
  if (code !== "ERR_RECORD_TAMPERED") return;
  ports.emit({
    type: "record.refused",
    connection: ledger.connection,
    what: String(fields.what),
    id: String(fields.id),
    code: reasonCode(code),
  });
}
