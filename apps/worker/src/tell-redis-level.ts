import type { EmitEvent } from "@headgate/orchestrator";
import type { RedisInfo } from "./doctor/redis-info.ts";
import { versionCheck } from "./doctor/redis-version.ts";

/** Tells where a Redis may have known holes. It is used all the same: distributions mend old versions. */
export function tellRedisLevel(info: RedisInfo, emit: EmitEvent): void {
  const { status, detail } = versionCheck(info);
  if (status === "ok") return;
  emit({ type: "redis.unpatched", message: `${detail}; headgate doctor says what to do` });
}
