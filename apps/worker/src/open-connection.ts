/** One connection of a worker: its tenant, its ledger, and all that its steps need. */
import { tmpdir } from "node:os";
import { type LoadedConfig, signingKeysOf } from "@headgate/config";
import { BulkError, defaultReapSettings, milliseconds } from "@headgate/core";
import {
  type ConnectionPorts,
  createLedgerMemory,
  createSeals,
  createTaskSignals,
  defaultStepSettings,
  type EmitEvent,
  type Ledger,
  ledgerBase,
  loseTouch,
  openScratchFile,
  publishConnectors,
  publishLimits,
  type Queues,
  type StepContext,
  systemChance,
  systemStopwatch,
} from "@headgate/orchestrator";
import type { PartSource } from "@headgate/part-source";
import { slotLimitsOf } from "./from-config.ts";
import { joinPorts } from "./join-ports.ts";
import { openTenant } from "./open-tenant.ts";
import { accessOf } from "./worker-clients.ts";
import type { WorkerTuning } from "./worker-tuning.ts";

export interface OpenConnectionDeps {
  readonly redis: Ledger["redis"];
  readonly queues: Queues;
  readonly source: PartSource;
  /** The configuration as it is now; clients and preflight may change while the worker runs. */
  readonly current: () => LoadedConfig;
  readonly emit: EmitEvent;
  readonly tuning: WorkerTuning;
}

/** Logs in and publishes the connection's limits and connectors. Throws what `openTenant` throws. */
export async function openConnection(
  name: string,
  deps: OpenConnectionDeps,
): Promise<{ readonly context: StepContext; close(): Promise<void> }> {
  const { redis, queues, current, emit, tuning } = deps;
  const { config, catalogues } = current();
  const connection = config.connections[name];
  const catalogue = catalogues.get(name);
  if (connection === undefined || catalogue === undefined)
    throw new BulkError("ERR_UNKNOWN_CONNECTION", `there is no connection "${name}"`, {
      fields: { connection: name },
    });
  const api = await openTenant(current(), name, emit);
  const memory = createLedgerMemory(systemChance.newId());
  const broken = (): void => loseTouch(memory);
  const close = async (): Promise<void> => {
    redis.off("close", broken);
    await api.close();
  };
  redis.on("close", broken);
  try {
    const ledger: Ledger = {
      redis,
      connection: name,
      base: ledgerBase(config.redis.prefix, name),
      limits: { ...slotLimitsOf(connection), ...tuning.limits },
      retentionDays: config.retention.days,
      memory,
      seals: createSeals(signingKeysOf(config.redis)),
      ...(tuning.clock === undefined ? {} : { clock: tuning.clock }),
    };
    await publishLimits(ledger);
    await publishConnectors(ledger, catalogue);
    const ports: ConnectionPorts = {
      ...joinPorts(api, deps.source),
      catalogue,
      accessOf: (principal, via) => accessOf(current(), { principal, via }),
      preflightOf: ({ sourceName, object }) => current().preflightOf(name, sourceName, object),
      openScratch: () =>
        openScratchFile(config.worker.scratchFolder ?? tmpdir(), systemChance.newId()),
      chance: systemChance,
      stopwatch: systemStopwatch,
      emit,
    };
    const context: StepContext = {
      ledger,
      signals: createTaskSignals({ ledger, queues, emit, random: systemChance.random }),
      settings: {
        ...defaultStepSettings,
        pollMinMs: milliseconds(connection.polling.minMs),
        pollMaxMs: milliseconds(connection.polling.maxMs),
        onUnknownUpload: connection.onUnknownUpload,
        reap: {
          ...defaultReapSettings,
          abortForeign: connection.abortForeign,
          sharedUser: connection.sharedUser,
        },
        ...tuning.steps,
      },
      ports: tuning.ports?.(ports) ?? ports,
    };
    return { context, close };
  } catch (error) {
    await close();
    throw error;
  }
}
