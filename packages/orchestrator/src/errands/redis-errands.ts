/** The door to errands on Redis: the record first, then its task. */
import { BulkError, checkConnection } from "@headgate/core";
import { connectionNamed } from "../connection-named.ts";
import type { ErrandRequest, Errands } from "../errands.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { connectionOf } from "../ledger/load-record.ts";
import { findBulkJob } from "../list-bulk-jobs.ts";
import type { Loads } from "../loads.ts";
import type { Chance } from "../ports.ts";
import { queueErrand } from "../queue/queue-errand.ts";
import type { Queues } from "../queue/queues.ts";
import { bulkJobNotFound } from "./abort-on-request.ts";
import { errandView, forgetErrand, readErrand, recordErrand } from "./errand-record.ts";

export interface RedisErrandsOptions {
  /** By connection. */
  readonly ledgers: ReadonlyMap<string, Ledger>;
  readonly queues: Queues;
  readonly loads: Pick<Loads, "check">;
  readonly chance: Chance;
}

/** Errands of one client and connection that have not ended: a dry run can read as much as a load does. */
const mostOpen = 100;

/** Errands of these connections; see `Errands` for what each method promises. */
export function createRedisErrands(options: RedisErrandsOptions): Errands {
  const { ledgers, queues, loads, chance } = options;
  return {
    async ask(request, caller) {
      const connection = connectionNameOf(request);
      if (caller.access !== undefined) checkConnection(caller.access, connection);
      const ledger = connectionNamed(ledgers, connection);
      if (request.kind === "plan") await loads.check(request.request, caller);
      if (request.kind === "abort-bulk-job" && !(await findBulkJob(ledger, request.id)))
        throw bulkJobNotFound(request.id);
      const id = `${connection}.${chance.newId()}`;
      const { principal, via } = caller;
      if (!(await recordErrand(ledger, { id, request, principal, via, mostOpen })))
        throw tooManyErrands(principal);
      try {
        await queueErrand({ queues, ledger }, { errandId: id, kind: request.kind });
      } catch (error) {
        await forgetErrand(ledger, { id, principal }).catch(() => undefined);
        throw error;
      }
      const errand = await readErrand(ledger, id);
      if (errand === undefined) throw new BulkError("ERR_REDIS_AWAY", "Redis has lost the errand");
      return errandView(errand);
    },
    async get(id) {
      const ledger = ledgers.get(connectionOf(id));
      const errand = ledger === undefined ? undefined : await readErrand(ledger, id);
      return errand === undefined ? undefined : errandView(errand);
    },
  };
}

function connectionNameOf(request: ErrandRequest): string {
  return request.kind === "plan" ? request.request.connection : request.connection;
}

function tooManyErrands(client: string): BulkError {
  return new BulkError(
    "ERR_TOO_MANY_PENDING",
    `client "${client}" has as many unfinished errands as it may have: ${mostOpen}`,
    { fields: { client, allowed: mostOpen } },
  );
}
