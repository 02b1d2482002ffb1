/** The API of one connection's tenant, tried before any task is taken. */
import type { LoadedConfig } from "@headgate/config";
import { BulkError, isBulkError } from "@headgate/core";
import { type ConnectedClient, connectIngestionApi } from "@headgate/ingestion-api";
import type { EmitEvent } from "@headgate/orchestrator";
import { tokenConnectionOf } from "./from-config.ts";

/**
 * Connects and logs in. A wrong key or user is thrown, the connection named (ERR_KEY_FILE,
 * ERR_AUTH_REFUSED, ERR_INSTANCE_URL, ERR_CONFIG): it must stop the start. A login service that is
 * away is told as `tenant.unavailable`, for it may come back.
 */
export async function openTenant(
  loaded: LoadedConfig,
  connection: string,
  emit: EmitEvent,
): Promise<ConnectedClient> {
  const { login, ca } = tokenConnectionOf(loaded, connection);
  try {
    const api = connectIngestionApi(login, { ca });
    try {
      await api.tokenSource.token();
      return api;
    } catch (error) {
      if (isBulkError(error) && !stopping.has(error.code)) {
        emit({ type: "tenant.unavailable", connection, code: error.code, message: error.message });
        return api;
      }
      await api.close();
      throw error;
    }
  } catch (error) {
    if (!isBulkError(error)) throw error;
    throw new BulkError(error.code, `connection "${connection}": ${error.message}`, {
      fields: { ...error.fields, connection },
      cause: error,
    });
  }
}

const stopping: ReadonlySet<string> = new Set([
  "ERR_KEY_FILE",
  "ERR_AUTH_REFUSED",
  "ERR_INSTANCE_URL",
  "ERR_CONFIG",
]);
