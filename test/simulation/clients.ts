/** Who asks for loads: again with the same key until there is an answer, and now and then once more. */
import { BulkError, epochMs, isBulkError } from "@headgate/core";
import { openMemoryRedis } from "@headgate/orchestrator/memory-redis";
import {
  createRedisLoads,
  createTaskSignals,
  type Ledger,
  parseLoadRequest,
} from "@headgate/orchestrator/simulation";
import { createMachine } from "./machine.ts";
import { openTaskQueues } from "./queue/task-queues.ts";
import { limitsOf, prefix, type Scene } from "./scene.ts";
import type { LoadSpec } from "./workload.ts";

/** How far back clients look after a loss. */
const recentMs = 2 * 3_600_000;

const caller = { principal: "client", via: "http" } as const;

/** Lets every load of the workload be asked for when its time has come. */
export function askForLoads(scene: Scene): void {
  const { time, plan, counters, hooks, workload } = scene;
  const random = scene.random.fork("clients");
  const door = openDoor(scene);

  async function ask(load: LoadSpec): Promise<string> {
    const request = parseLoadRequest(load.request);
    for (;;) {
      try {
        const { losses } = scene.health;
        const answer = await door.accept(request, { caller, idempotencyKey: load.key });
        scene.trace(`client has ${answer.load.id} for ${load.name}`);
        // Written before a loss and told after it, it is forgotten like all that was told before.
        if (losses === scene.health.losses) hooks.accepted(load, answer.load.id);
        return answer.load.id;
      } catch (error) {
        if (!(error instanceof Error) || !isPassing(error)) throw error;
        counters.count("client asks again");
        await time.sleep(random.int(5_000, 60_000), `client asks again for ${load.name}`);
      }
    }
  }

  async function cancel(load: LoadSpec, loadId: string): Promise<void> {
    try {
      await door.cancel(loadId);
      counters.count("cancel accepted");
    } catch (error) {
      if (!isBulkError(error)) throw error;
      counters.count(`cancel ${error.code === "ERR_LOAD_STATE" ? "refused" : "failed"}`);
    }
    scene.trace(`client has cancelled ${load.name}`);
  }

  async function follow(load: LoadSpec): Promise<void> {
    const loadId = await ask(load);
    if (load.cancelAt !== undefined) {
      await time.sleep(load.cancelAt - time.now(), `client cancels ${load.name}`);
      await cancel(load, loadId);
    }
    if (!random.chance(0.25)) return;
    await time.sleep(random.int(1_000, 7_200_000), `client asks once more for ${load.name}`);
    await ask(load);
    await askOtherwise(load);
  }

  /** The key of another request. */
  async function askOtherwise(load: LoadSpec): Promise<void> {
    const other = parseLoadRequest({ ...load.request, leaveSlots: 1 });
    try {
      await door.accept(other, { caller, idempotencyKey: load.key });
      if (scene.health.losses === 0)
        scene.violate("idempotency", `${load.key} was taken for another request`);
    } catch (error) {
      if (isBulkError(error, "ERR_IDEMPOTENCY_CONFLICT")) counters.count("key of another request");
      else if (!(error instanceof Error) || !isPassing(error)) throw error;
    }
  }

  // Clients are told to ask again for what was asked for shortly before a loss.
  scene.whenRedisHasLost.add(() => {
    for (const load of workload.loads) {
      const isRecent = load.at <= time.now() && load.at > time.now() - recentMs;
      if (!isRecent || load.cancelAt !== undefined || !random.chance(0.7)) continue;
      time.in(random.int(10_000, 1_200_000), `client asks anew for ${load.name}`, () => {
        counters.count("client asks anew after a loss");
        void ask(load);
      });
    }
  });

  for (const load of workload.loads)
    time.in(load.at - plan.start, `client asks for ${load.name}`, () => {
      void follow(load);
    });
}

function isPassing(error: Error): boolean {
  return !(error instanceof BulkError) || error.code === "ERR_REDIS_AWAY";
}

function openDoor(scene: Scene): ReturnType<typeof createRedisLoads> {
  const { time, plan } = scene;
  const machine = createMachine({ name: "door", skewMs: 0, now: time.now });
  const link = scene.linkOf(machine, { failsFast: true });
  const redis = openMemoryRedis(scene.keyspace, { via: link.via });
  const random = scene.random.fork("door");
  const queues = openTaskQueues(scene.dispatch.store, link);
  const emit = (event: Parameters<Scene["emitted"]>[1]): void => scene.emitted(machine, event);
  const connections = new Map(
    [...scene.tenants.keys()].map((connection) => {
      const ledger: Ledger = {
        redis,
        connection,
        base: scene.baseOf(connection),
        limits: limitsOf(plan),
        clock: () => epochMs(time.now()),
      };
      return [
        connection,
        { ledger, signals: createTaskSignals({ ledger, queues, emit, random: random.next }) },
      ];
    }),
  );
  let ids = 0;
  return createRedisLoads({
    redis,
    prefix,
    connections,
    chance: { random: random.next, newId: () => `load${(++ids).toString(36)}` },
    emit,
  });
}
