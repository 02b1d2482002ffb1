/**
 * The network between one machine and a tenant. A request takes its time to arrive, is done there
 * whatever becomes of its sender, and the answer takes its time to come back, if it comes.
 */
import { BulkError, type RemoteBulkJob } from "@headgate/core";
import type { BulkJob } from "@headgate/emulator/tenant";
import type { CallOptions, IngestionPort, RewindableBody } from "@headgate/orchestrator";
import type { Counters } from "../counters.ts";
import type { CrashPlan, Mark } from "../crash-points.ts";
import { inTime } from "../in-time.ts";
import { type Machine, never } from "../machine.ts";
import type { Random } from "../random.ts";
import type { VirtualTime } from "../virtual-time.ts";
import type { CallFault, CallFaults, CallKind } from "./call-faults.ts";
import { linesOf, ourUser, type Spoiling, type Tenant, unknownOutcome } from "./tenant.ts";

export interface IngestionPortOptions {
  readonly time: VirtualTime;
  readonly machine: Machine;
  readonly tenant: Tenant;
  readonly random: Random;
  readonly faults: CallFaults;
  readonly counters: Counters;
  readonly crashes: CrashPlan;
  /** How the processing of the bulk job that is being closed is spoiled. */
  readonly spoil: () => Spoiling | undefined;
  readonly watch: CallWatch;
}

/**
 * Latest delivery of a call that nobody waits for any more. With the 5 s that a slot's stamp may be old
 * it is within the margin of the window, which is what a fleet can know of a call that it has given up.
 */
const ghostCallMs = 24_000;

/** Told of calls as they leave and as their answers come in. */
export interface CallWatch {
  createLeaves(machine: Machine, tenant: Tenant): void;
  /** A create arrives that the tenant answers without doing anything. */
  createRefused(object: string): void;
  throttled(machine: Machine, tenant: Tenant, retryAfterMs: number | undefined): void;
  uploadBegins(machine: Machine, bulkJobId: string): () => void;
}

export function createIngestionPort(options: IngestionPortOptions): IngestionPort {
  const { time, machine, tenant, random, faults, crashes, watch } = options;

  /** One request and its answer. */
  async function call<Answer>(
    kind: CallKind,
    { signal }: CallOptions,
    act: () => Answer,
    arrived: () => void = () => undefined,
  ): Promise<Answer> {
    signal.throwIfAborted();
    if (!machine.alive) return await never();
    const fault = faults.draw(kind);
    return await new Promise<Answer>((resolve, reject) => {
      const mark = markOf(kind);
      const giveUp = (): void => reject(signal.reason);
      signal.addEventListener("abort", giveUp, { once: true });
      const answer = (name: string, waitMs: number, settle: () => void): void => {
        const arrives = (): void => {
          signal.removeEventListener("abort", giveUp);
          if (!crashes.strikes(machine, mark, "after")) settle();
        };
        time.in(waitMs, `${machine.name} < ${tenant.name} ${kind}${name}`, arrives, machine);
      };
      const fail = (error: BulkError, waitMs = latency()): void =>
        answer(` ${error.code}`, waitMs, () => {
          // What comes when the step has given up is heard by nobody.
          if (error.code === "ERR_API_THROTTLED" && kind === "create" && !signal.aborted)
            watch.throttled(machine, tenant, retryAfterOf(error));
          reject(error);
        });
      const arrive = (): void => {
        let done: () => void;
        try {
          const result = act();
          done = () => answer("", slow(fault), () => resolve(result));
          if (fault === "error-after") done = () => fail(serverError(kind));
          if (fault === "strange") done = () => fail(strange(kind));
          if (fault === "timeout-after") done = () => fail(unknownOutcome(kind), timeoutMs());
          if (fault === "ghost") done = () => undefined;
        } catch (error) {
          if (!(error instanceof BulkError)) throw error;
          done = () => fail(asClientSees(error), slow(fault));
        }
        if (crashes.strikes(machine, mark, "during")) return;
        done();
      };
      const refused = refusedAtOnce(kind, fault, random);
      if (refused !== undefined) {
        if (fault !== "unreachable" && fault !== "timeout-before") arrived();
        fail(refused, fault === "timeout-before" ? timeoutMs() : latency());
        return;
      }
      const late = fault === "ghost" ? random.int(1_000, ghostCallMs) : latency();
      if (fault === "ghost") fail(unknownOutcome(kind), timeoutMs());
      time.in(late, `${machine.name} > ${tenant.name} ${kind}`, arrive);
    });
  }

  const latency = (): number => random.int(40, 900);
  const timeoutMs = (): number => random.int(10_000, 60_000);
  const slow = (fault: CallFault | undefined): number =>
    fault === "slow" ? random.int(5_000, 25_000) : latency();

  async function upload(id: string, body: RewindableBody, given: CallOptions): Promise<void> {
    const { signal } = given;
    signal.throwIfAborted();
    if (!machine.alive) return await never();
    const fault = faults.draw("upload");
    const refused = refusedAtOnce("upload", fault, random);
    if (refused !== undefined) {
      await time.sleep(latency(), `${machine.name} < ${tenant.name} upload`, machine);
      throw refused;
    }
    const over = watch.uploadBegins(machine, id);
    try {
      await (fault === "ghost" ? sendGhost(id, body, signal) : send(id, body, signal, fault));
    } finally {
      over();
    }
  }

  async function send(
    id: string,
    body: RewindableBody,
    signal: AbortSignal,
    fault: CallFault | undefined,
  ): Promise<void> {
    await inTime(time.sleep(latency(), `${machine.name} > ${tenant.name} upload`, machine), signal);
    const bulkJob = seenByClient(() => tenant.beginUpload(id));
    let open = true;
    const hangUp = (): void => {
      if (open) tenant.endUpload(bulkJob);
      open = false;
    };
    // The server notices a broken connection some time later.
    machine.onDeath(() => time.in(random.int(0, 60_000), `${tenant.name} misses a client`, hangUp));
    try {
      const text = await readBody(body, signal, fault === "cut" ? random.int(0, 1) : undefined);
      await inTime(deliver(bulkJob, text, fault, hangUp), signal);
    } finally {
      hangUp();
    }
    if (crashes.strikes(machine, markOf("upload"), "after")) return await never();
    if (fault === "error-after") throw serverError("upload");
    if (fault === "strange") throw strange("upload");
    if (fault === "timeout-after" || fault === "timeout-before") throw unknownOutcome("upload");
  }

  /** The body is with the tenant, which takes it whatever becomes of the sender. */
  function deliver(
    bulkJob: BulkJob,
    text: string,
    fault: CallFault | undefined,
    hangUp: () => void,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const answer = (settle: () => void): void => {
        time.in(slow(fault), `${machine.name} < ${tenant.name} upload`, settle, machine);
      };
      const arrive = (): void => {
        hangUp();
        try {
          if (fault !== "timeout-before") tenant.accept(bulkJob, { lines: linesOf(text) });
          answer(resolve);
        } catch (error) {
          if (!(error instanceof BulkError)) throw error;
          answer(() => reject(asClientSees(error)));
        }
      };
      time.in(latency(), `${tenant.name} has the body of a file`, arrive);
      crashes.strikes(machine, markOf("upload"), "during");
    });
  }

  /** All of it is sent and nothing is heard; it is delivered when it will. */
  async function sendGhost(id: string, body: RewindableBody, signal: AbortSignal): Promise<void> {
    const text = await readBody(body, signal, undefined);
    const late = random.pick([random.int(1_000, 20_000), random.int(60_000, 1_800_000)]);
    time.in(late, `${tenant.name} gets a ghost`, () => {
      try {
        const bulkJob = tenant.beginUpload(id);
        tenant.endUpload(bulkJob);
        tenant.accept(bulkJob, { lines: linesOf(text) });
        options.counters.count("ghost upload accepted");
      } catch (error) {
        if (!(error instanceof BulkError)) throw error;
        options.counters.count("ghost upload refused");
      }
    });
    await inTime(time.sleep(timeoutMs(), `${machine.name} gives up`, machine), signal);
    throw unknownOutcome("upload");
  }

  async function readBody(
    body: RewindableBody,
    signal: AbortSignal,
    cutAfter: number | undefined,
  ): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body.open(signal)) {
      if (cutAfter !== undefined && chunks.length >= cutAfter) throw unknownOutcome("upload");
      chunks.push(chunk);
    }
    signal.throwIfAborted();
    if (cutAfter !== undefined) throw unknownOutcome("upload");
    return Buffer.concat(chunks).toString();
  }

  return {
    authenticate: (given) => login(given),
    clockOffsetMs: () => tenant.aheadMs,
    createBulkJob(target, given) {
      const { sourceName, object, operation } = target;
      if (machine.alive && !given.signal.aborted) watch.createLeaves(machine, tenant);
      return call(
        "create",
        given,
        () => tenant.create({ sourceName, object, operation }, ourUser),
        () => watch.createRefused(object),
      );
    },
    upload,
    close: (id, given) => call("close", given, () => tenant.close(id, ourUser, options.spoil())),
    abort: (id, given) => call("abort", given, () => tenant.abort(id)),
    info: (id, given) => call("info", given, () => tenant.info(id)),
    async *listAll(states, given): AsyncGenerator<RemoteBulkJob> {
      yield* await call("list", given, () => tenant.list(states));
    },
  };

  /** A token is at hand nearly always; then nothing is asked. */
  async function login(given: CallOptions): Promise<void> {
    given.signal.throwIfAborted();
    if (!machine.alive) return await never();
    const fault = faults.draw("login");
    if (fault === undefined) return;
    await time.sleep(fault === "slow" ? slow(fault) : latency(), `${machine.name} login`, machine);
    given.signal.throwIfAborted();
    if (fault === "unreachable") throw new BulkError("ERR_API_UNREACHABLE", "login: unreachable");
    if (fault === "unauthorized") throw new BulkError("ERR_AUTH_REFUSED", "login: refused");
  }
}

function markOf(kind: CallKind): Mark | undefined {
  switch (kind) {
    case "create":
    case "upload":
    case "close":
    case "abort":
    case "list":
      return { operation: kind, role: "call" };
    case "login":
    case "info":
      return undefined;
  }
}

/** What a request meets before anything is done. */
function refusedAtOnce(
  kind: CallKind,
  fault: CallFault | undefined,
  random: Random,
): BulkError | undefined {
  switch (fault) {
    case "unreachable":
      return new BulkError("ERR_API_UNREACHABLE", `${kind}: no connection`);
    case "error-before":
      return serverError(kind);
    case "timeout-before":
      return kind === "upload" ? undefined : unknownOutcome(kind);
    case "unauthorized":
      return new BulkError("ERR_API_UNAUTHORIZED", `${kind}: 401`);
    case "throttled":
      return new BulkError("ERR_API_THROTTLED", `${kind}: 429`, {
        fields: { retryAfterMs: random.int(1, 20) * 60_000 },
      });
    case "throttled-silently":
      return new BulkError("ERR_API_THROTTLED", `${kind}: 429`);
    case "conflict":
      return new BulkError("ERR_API_CONFLICT", `${kind}: 409`);
    default:
      return undefined;
  }
}

function serverError(kind: CallKind): BulkError {
  return new BulkError("ERR_API_SERVER", `${kind}: 500`);
}

function strange(kind: CallKind): BulkError {
  return new BulkError("ERR_API_UNEXPECTED", `${kind}: an answer that the contract does not have`);
}

function seenByClient<Value>(act: () => Value): Value {
  try {
    return act();
  } catch (error) {
    throw error instanceof BulkError ? asClientSees(error) : error;
  }
}

/** A refusal of the tenant as the client reads it: `waitMs` is what Retry-After says. */
function asClientSees(error: BulkError): BulkError {
  const { waitMs } = error.fields;
  return new BulkError(error.code, error.message, {
    fields: typeof waitMs === "number" ? { retryAfterMs: waitMs } : {},
  });
}

function retryAfterOf(error: BulkError): number | undefined {
  const { retryAfterMs } = error.fields;
  return typeof retryAfterMs === "number" ? retryAfterMs : undefined;
}
