/** Schedules as a client may name them. */
import { BulkError, type ClientAccess, isBulkError } from "@headgate/core";
import type { Schedules, ScheduleView } from "@headgate/orchestrator/producer";
import { seesConnection } from "./rights.ts";

/**
 * A schedule that the client may see; a short name is looked for among the client's own connections.
 * Throws ERR_SCHEDULE_NOT_FOUND, and ERR_REQUEST_INVALID where several of these have the name.
 */
export async function visibleSchedule(
  schedules: Schedules,
  name: string,
  client: ClientAccess,
): Promise<ScheduleView> {
  const { connections } = client;
  const names =
    connections === undefined || name.includes(".")
      ? [name]
      : [...new Set(connections)].map((connection) => `${connection}.${name}`);
  const there = await Promise.all(names.map((one) => scheduleOf(schedules, one)));
  const found = there
    .filter((view) => view !== undefined)
    .filter(({ spec }) => seesConnection(client, spec.connection));
  const [view, another] = found;
  if (view === undefined)
    throw new BulkError("ERR_SCHEDULE_NOT_FOUND", `there is no schedule "${name}"`, {
      fields: { schedule: name },
    });
  if (another === undefined) return view;
  const places = found.map(placeOf).join(", ");
  throw new BulkError("ERR_REQUEST_INVALID", `name: "${name}" is one of several: ${places}`, {
    fields: { field: "name" },
  });
}

async function scheduleOf(schedules: Schedules, name: string): Promise<ScheduleView | undefined> {
  try {
    return await schedules.get(name);
  } catch (error) {
    if (isBulkError(error, "ERR_SCHEDULE_NOT_FOUND")) return undefined;
    throw error;
  }
}

/** The name by which it is the only one: `connection.name`. */
export function placeOf({ name, spec }: Pick<ScheduleView, "name" | "spec">): string {
  return `${spec.connection}.${name}`;
}
