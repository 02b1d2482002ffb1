/** Scratch space in memory. */
import type { Scratch } from "@headgate/orchestrator";

export function openMemoryScratch(): Scratch {
  const partitions = new Map<string, Uint8Array[]>();
  return {
    append(partition, bytes) {
      partitions.set(partition, [...(partitions.get(partition) ?? []), bytes.slice()]);
      return Promise.resolve();
    },
    async *read(partition) {
      yield* partitions.get(partition) ?? [];
    },
    dispose() {
      partitions.clear();
      return Promise.resolve();
    },
  };
}
