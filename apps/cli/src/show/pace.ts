/** How fast bytes go, and how long the rest takes. */
import { showBytes, showDuration } from "./measures.ts";

/** The mean rate since the first call, in bytes a second; undefined in the first second. */
export function meanRate(startBytes: number): (bytes: number) => number | undefined {
  const startedAt = performance.now();
  return (bytes) => {
    const seconds = (performance.now() - startedAt) / 1000;
    return seconds < 1 ? undefined : Math.max(0, bytes - startBytes) / seconds;
  };
}

/** `62.1 MB/s`, `20 s left`; nothing where nothing moves. */
export function showPace(bytesPerSecond: number, bytesLeft: number): readonly string[] {
  if (bytesPerSecond <= 0) return [];
  const rate = `${showBytes(bytesPerSecond)}/s`;
  return bytesLeft > 0 ? [rate, `${showDuration(bytesLeft / bytesPerSecond)} left`] : [rate];
}
