/** Sends planned loads, those of one object one after the other, so that their order is known. */
import { setTimeout as delay } from "node:timers/promises";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { ApiClient } from "./api-client.ts";
import type { Environment } from "./environment.ts";
import { bytesOfFile, type LoadPlan } from "./workload.ts";

/** A load and the id that headgate has given it. */
export interface SentLoad {
  readonly plan: LoadPlan;
  readonly id: string;
}

/** Resolves when every load is accepted; `onSent` is told of each. */
export async function sendLoads(
  deps: {
    readonly environment: Environment;
    readonly api: ApiClient;
    readonly signal: AbortSignal;
    /** No further load is begun once it is aborted. Default never. */
    readonly enough?: AbortSignal;
  },
  loads: readonly LoadPlan[],
  onSent: (load: SentLoad) => void,
): Promise<void> {
  const { environment, api, signal, enough = signal } = deps;
  const { s3, bucket } = environment;
  const began = performance.now();
  const lines = Map.groupBy(loads, ({ object }) => object);
  await Promise.all(
    [...lines.values()].map(async (line) => {
      for (const plan of line) {
        const waitMs = began + plan.atMs - performance.now();
        if (waitMs > 0) await delay(waitMs, undefined, { signal: enough }).catch(() => undefined);
        signal.throwIfAborted();
        if (enough.aborted) return;
        for (const file of plan.files)
          await s3.send(
            new PutObjectCommand({
              Bucket: bucket,
              Key: `${plan.name}/${file.name}`,
              Body: bytesOfFile(plan, file),
            }),
          );
        const id = await api.submit({
          ...{ key: plan.name, object: plan.object, operation: plan.operation },
          sources: `s3://${bucket}/${plan.name}/`,
        });
        onSent({ plan, id });
      }
    }),
  );
}
