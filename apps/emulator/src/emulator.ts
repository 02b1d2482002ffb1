/** Starts and stops an emulator. */
import { BulkError } from "@headgate/core";
import fastify, { type FastifyInstance } from "fastify";
import { addAuthorisation } from "./http/authorise.ts";
import { addCallHooks } from "./http/call-hooks.ts";
import { errorBody, sendError } from "./http/error-body.ts";
import { bulkRoutes } from "./routes/bulk-routes.ts";
import { controlRoutes } from "./routes/control-routes.ts";
import { streamingRoutes } from "./routes/streaming-routes.ts";
import { tokenRoutes } from "./routes/token-routes.ts";
import { type EmulatorSettingsInput, parseSettings } from "./settings.ts";
import { type ClockMode, createClock, type EmulatorClock } from "./state/clock.ts";
import type { ConnectedApp } from "./state/connected-apps.ts";
import { type FaultInput, faultShape } from "./state/faults.ts";
import type { LoggedCall } from "./state/request-log.ts";
import { type StateReport, World } from "./world.ts";

/** How an emulator starts; all of it optional. */
export interface EmulatorOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. Another host than loopback needs `allowRemote`. */
  readonly host?: string;
  readonly allowRemote?: boolean;
  /** PEM texts; with them the emulator speaks HTTPS. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** YAML text of each connector's schema, by `sourceName`. */
  readonly schemas?: Readonly<Record<string, string>>;
  readonly connectedApps?: readonly ConnectedApp[];
  /** Default "real". */
  readonly clock?: ClockMode;
  /** Faults ordered from the start. */
  readonly faults?: readonly FaultInput[];
  readonly settings?: EmulatorSettingsInput;
}

/** The in-process twin of the control routes. */
export interface EmulatorControl {
  /** Throws ERR_SCHEMA_INVALID. */
  registerSchema(sourceName: string, yamlText: string): void;
  /** Throws ERR_CONFIG. */
  registerConnectedApp(app: ConnectedApp): void;
  addFaults(...faults: readonly FaultInput[]): void;
  clearFaults(): void;
  /** Changes settings of the running emulator. Throws ERR_CONFIG. */
  changeSettings(changes: EmulatorSettingsInput): void;
  state(): Promise<StateReport>;
  /** Lines of all rows applied to an object, in order; undefined where there are none, or none are kept. */
  applied(sourceName: string, object: string): Promise<Iterable<string> | undefined>;
  /** Calls with a `seq` greater than `since`, default all. */
  requests(since?: number): readonly LoggedCall[];
  /** Forgets bulk jobs, data, tokens, faults, log and maxima; keeps schemas, apps, settings and clock. */
  reset(): void;
}

/** A running emulator. */
export interface Emulator {
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly control: EmulatorControl;
  readonly clock: EmulatorClock;
  /** Closes every connection and stops listening. */
  close(): Promise<void>;
}

/** Starts an emulator and resolves when it listens. Throws ERR_CONFIG or ERR_SCHEMA_INVALID. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const host = options.host ?? "127.0.0.1";
  if (!options.allowRemote && !isLoopback(host)) {
    throw new BulkError(
      "ERR_CONFIG",
      `host ${host} is not loopback; the control routes need no token, so allow it explicitly`,
      { fields: { host } },
    );
  }
  const clock = createClock(options.clock ?? "real");
  const world = new World(parseSettings(options.settings ?? {}), clock);
  for (const app of options.connectedApps ?? []) world.registerConnectedApp(app);
  for (const [sourceName, yamlText] of Object.entries(options.schemas ?? {})) {
    world.registerSchema(sourceName, yamlText);
  }
  world.faults.add((options.faults ?? []).map((fault) => faultShape.parse(fault)));

  const app = createServer(world, options.tls);
  await app.listen({ port: options.port ?? 0, host });
  return {
    url: urlOf(app, options.tls === undefined ? "http" : "https"),
    control: controlOf(world),
    clock,
    close: async () => {
      await app.close();
      await world.judges.close();
    },
  };
}

const controlBodyLimit = 64_000_000;

function createServer(world: World, tls: EmulatorOptions["tls"]): FastifyInstance {
  const common = {
    routerOptions: { ignoreTrailingSlash: true },
    bodyLimit: controlBodyLimit,
    // Calls left unanswered by a fault would keep close() waiting.
    forceCloseConnections: true,
  } as const;
  const app: FastifyInstance =
    tls === undefined ? fastify(common) : fastify({ ...common, https: { ...tls } });
  // Node would put the machine's time there; a tenant's clock is its own.
  app.addHook("onSend", async (_request, reply) => {
    reply.header("date", new Date(world.clock.now()).toUTCString());
  });
  app.setErrorHandler<BulkError>((error, request, reply) =>
    sendError(world, request, reply, error),
  );
  app.setNotFoundHandler((request, reply) => reply.code(404).send(errorBody(world, request, 404)));
  app.register(async (scope) => {
    await tokenRoutes(scope, world);
  });
  app.register(async (scope) => {
    addCallHooks(scope, world);
    addAuthorisation(scope, world);
    await scope.register((bulk) => bulkRoutes(bulk, world));
    await scope.register((streaming) => streamingRoutes(streaming, world));
  });
  app.register((scope) => controlRoutes(scope, world), { prefix: "/__emulator" });
  return app;
}

function controlOf(world: World): EmulatorControl {
  return {
    registerSchema: (sourceName, yamlText) => world.registerSchema(sourceName, yamlText),
    registerConnectedApp: (app) => world.registerConnectedApp(app),
    addFaults: (...faults) => world.faults.add(faults.map((fault) => faultShape.parse(fault))),
    clearFaults: () => world.faults.clear(),
    changeSettings: (changes) => {
      Object.assign(world.settings, parseSettings({ ...world.settings, ...changes }));
    },
    state: () => world.report(),
    applied: (sourceName, object) => world.applied(sourceName, object),
    requests: (since = 0) => world.requests.since(since),
    reset: () => world.reset(),
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function urlOf(app: FastifyInstance, scheme: "http" | "https"): string {
  const address = app.server.address();
  if (address === null || typeof address === "string")
    throw new TypeError("the server does not listen");
  const host = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return `${scheme}://${host}:${address.port}`;
}
