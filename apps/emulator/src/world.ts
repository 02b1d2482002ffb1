/** All state of one emulator, apart from HTTP. */
import type { EpochMs } from "@headgate/core";
import { JudgePool } from "./judge/judge-pool.ts";
import type { EmulatorSettings } from "./settings.ts";
import { ArrivalLog } from "./state/arrival-log.ts";
import { type BulkJobReport, bulkJobReport } from "./state/bulk-job.ts";
import { BulkJobs } from "./state/bulk-jobs.ts";
import type { ClockMode, EmulatorClock } from "./state/clock.ts";
import { type ConnectedApp, ConnectedApps } from "./state/connected-apps.ts";
import { Connectors } from "./state/connectors.ts";
import { Faults } from "./state/faults.ts";
import { type ObjectReport, ObjectStore } from "./state/object-data.ts";
import { RequestLog } from "./state/request-log.ts";
import { Streaming } from "./state/streaming.ts";
import { Tokens } from "./state/tokens.ts";

/** The worst that arrived, measured by the emulator. */
export interface Maxima {
  /** Most creation requests in one rolling window of `slotWindowMs`, whatever was answered. */
  readonly maxCreatesInRollingHour: number;
  /** Most bulk jobs unfinished at a time. */
  readonly maxUnfinished: number;
  /** Most files accepted by one bulk job. */
  readonly maxFilesPerBulkJob: number;
  /** Most body bytes of one upload, accepted or not. */
  readonly maxPartBytes: number;
}

/** Answer of `GET /__emulator/state`. */
export interface StateReport {
  readonly now: EpochMs;
  readonly clockMode: ClockMode;
  readonly connectors: ReturnType<Connectors["report"]>;
  readonly objects: readonly ObjectReport[];
  readonly bulkJobs: readonly BulkJobReport[];
  readonly maxima: Maxima;
}

/**
 * The tenant that the emulator plays: every request reads and changes it, none keeps state of its
 * own.
 */
export class World {
  readonly settings: EmulatorSettings;
  readonly clock: EmulatorClock;
  readonly connectors: Connectors;
  readonly connectedApps: ConnectedApps;
  readonly faults = new Faults();
  readonly judges = new JudgePool();
  readonly requests: RequestLog;
  tokens: Tokens;
  creations: ArrivalLog;
  /** Counted against the limit only where every request is. */
  bulkRequests: ArrivalLog;
  bulkJobs: BulkJobs;
  streaming: Streaming;
  #objects: ObjectStore;
  #maxPartBytes = 0;

  constructor(settings: EmulatorSettings, clock: EmulatorClock) {
    this.settings = settings;
    this.clock = clock;
    this.connectors = new Connectors(settings);
    this.connectedApps = new ConnectedApps(settings);
    this.requests = new RequestLog(() => settings.maxLoggedRequests);
    this.tokens = new Tokens(settings);
    this.creations = new ArrivalLog(settings);
    this.bulkRequests = new ArrivalLog(settings);
    this.#objects = new ObjectStore();
    this.bulkJobs = new BulkJobs(settings, this.#objects, this.creations);
    this.streaming = new Streaming(settings, this.#objects);
  }

  /** Brings all state up to the clock and returns its instant. */
  settle(): EpochMs {
    const now = this.clock.now();
    this.bulkJobs.settle(now);
    this.streaming.settle(now);
    return now;
  }

  /** Registers a connector's schema (YAML). Throws ERR_SCHEMA_INVALID. */
  registerSchema(sourceName: string, yamlText: string): void {
    this.connectors.register(sourceName, yamlText, this.clock.now());
  }

  /** Registers a connected app. Throws ERR_CONFIG. */
  registerConnectedApp(app: ConnectedApp): void {
    this.connectedApps.register(app);
  }

  notePartBytes(bytes: number): void {
    this.#maxPartBytes = Math.max(this.#maxPartBytes, bytes);
  }

  maxima(): Maxima {
    return {
      maxCreatesInRollingHour: this.creations.most,
      maxUnfinished: this.bulkJobs.mostUnfinished,
      maxFilesPerBulkJob: this.bulkJobs.mostFiles,
      maxPartBytes: this.#maxPartBytes,
    };
  }

  /** The state now, with all due rows applied. */
  async report(): Promise<StateReport> {
    const now = this.settle();
    await this.#objects.settled();
    return {
      now,
      clockMode: this.clock.mode,
      connectors: this.connectors.report(),
      objects: this.#objects.report(),
      bulkJobs: this.bulkJobs.all().map(bulkJobReport),
      maxima: this.maxima(),
    };
  }

  /**
   * Lines of every row that the object has been given, in order, with all due rows applied; undefined
   * where they are not kept, or the object has received none.
   */
  async applied(sourceName: string, object: string): Promise<Iterable<string> | undefined> {
    this.settle();
    await this.#objects.settled();
    return this.#objects.find(sourceName, object)?.applied();
  }

  /** Forgets bulk jobs, data, tokens, faults, log and maxima; keeps schemas, apps, settings and clock. */
  reset(): void {
    this.faults.clear();
    this.requests.clear();
    this.tokens = new Tokens(this.settings);
    this.creations = new ArrivalLog(this.settings);
    this.bulkRequests = new ArrivalLog(this.settings);
    this.#objects = new ObjectStore();
    this.bulkJobs = new BulkJobs(this.settings, this.#objects, this.creations);
    this.streaming = new Streaming(this.settings, this.#objects);
    this.#maxPartBytes = 0;
  }
}
