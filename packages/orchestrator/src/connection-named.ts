/** Finds what is kept by the name of a connection. */
import { BulkError } from "@headgate/core";

/** Throws ERR_UNKNOWN_CONNECTION, with the names that there are. */
export function connectionNamed<Found>(
  connections: ReadonlyMap<string, Found>,
  name: string,
): Found {
  const found = connections.get(name);
  if (found !== undefined) return found;
  throw new BulkError(
    "ERR_UNKNOWN_CONNECTION",
    `connection "${name}" is not configured; configured: ${[...connections.keys()].join(", ")}`,
    { fields: { connection: name } },
  );
}
