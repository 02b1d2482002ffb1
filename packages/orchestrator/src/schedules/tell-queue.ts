/** Tells the queues of what is recorded. What cannot be told now is told by the sweep. */
import type { TickContext } from "./tick-context.ts";

/** Does so; a queue that is away is an event, for the record stands. */
export async function tellQueue(
  { signals, ports }: TickContext,
  tell: (to: TickContext["signals"]) => Promise<void>,
): Promise<void> {
  try {
    await tell(signals);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    ports.emit({ type: "queue.error", queue: "runs", message });
  }
}
