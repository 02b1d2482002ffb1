/**
 * A Redis in memory that runs the orchestrator's real scripts, deterministic and fast. Only tests
 * and the simulation use it: it knows the commands and the Lua that the orchestrator has and
 * refuses all else by name. `luaparse` must be installed for it.
 */
export { Keyspace, type KeyspaceOptions, type Snapshot } from "./keyspace.ts";
export { type MemoryCommand, openMemoryRedis, type Via } from "./memory-redis.ts";
export { type Reply, ReplyError } from "./reply.ts";
