/**
 * The one queue that everything in a simulated run goes through. Time stands still while an event
 * and all that it sets off at once is done, and then jumps to the next event; two events of one
 * instant come in the order in which they were made.
 */

/** A process that can be stopped for a while or for good; its events wait, or never come. */
export interface Process {
  readonly name: string;
  readonly alive: boolean;
  /** Instant at which it goes on; undefined while it runs. */
  readonly resumesAt: number | undefined;
  /** What its wall clock is ahead of true time. */
  readonly skewMs: number;
}

export interface VirtualTime {
  /** Milliseconds since the epoch. */
  now(): number;
  /** The same by the wall clock of the process whose event is done just now. */
  wallNow(): number;
  /**
   * Does something later, unless it is taken back by what it returns. With `process` only while that
   * lives, and not while it is stopped.
   */
  in(spanMs: number, name: string, run: () => void, process?: Process): () => void;
  /** Resolves later; never, where the process is dead by then. */
  sleep(spanMs: number, name: string, process?: Process): Promise<void>;
  /** Does all events up to an instant, or until `isOver`; `settled` comes after each. */
  run(options: {
    readonly until: number;
    readonly settled: () => void | Promise<void>;
    readonly isOver: () => boolean;
  }): Promise<void>;
  /** Events done so far. */
  readonly events: number;
}

interface Event {
  at: number;
  sequence: number;
  readonly name: string;
  /** Undefined once it was taken back. */
  run: (() => void) | undefined;
  readonly process: Process | undefined;
}

/** Time that starts at `start`; `trace` is told of each event. */
export function createVirtualTime(start: number, trace: (name: string) => void): VirtualTime {
  const heap: Event[] = [];
  let now = start;
  let sequence = 0;
  let events = 0;
  let current: Process | undefined;

  function add(at: number, event: Pick<Event, "name" | "run" | "process">): Event {
    const { name, run, process } = event;
    const added: Event = { at: Math.ceil(at), sequence: sequence++, name, run, process };
    push(heap, added);
    return added;
  }

  const time: VirtualTime = {
    now: () => now,
    wallNow: () => now + (current?.skewMs ?? 0),
    in(spanMs, name, run, process) {
      const event = add(now + Math.max(spanMs, 0), { name, run, process });
      return () => {
        event.run = undefined;
      };
    },
    sleep(spanMs, name, process) {
      return new Promise((resolve) => {
        time.in(spanMs, name, resolve, process);
      });
    },
    async run({ until, settled, isOver }) {
      for (;;) {
        const event = heap[0];
        if (event === undefined || event.at > until || isOver()) return;
        pop(heap);
        now = Math.max(now, event.at);
        const { process, run } = event;
        if (run === undefined) continue;
        if (process !== undefined && !process.alive) continue;
        if (process?.resumesAt !== undefined && process.resumesAt > now) {
          push(heap, Object.assign(event, { at: process.resumesAt, sequence: sequence++ }));
          continue;
        }
        events++;
        trace(event.name);
        current = process;
        run();
        await microtasksDone();
        await settled();
      }
    },
    get events() {
      return events;
    },
  };
  return time;
}

/**
 * What is set off at once is promises, and now and then a tick, which sets off promises again. A tick
 * that a promise asks for comes once all promises are done, without a turn of the event loop.
 */
function microtasksDone(): Promise<void> {
  return new Promise((resolve) => afterPromises(() => afterPromises(resolve)));
}

function afterPromises(run: () => void): void {
  queueMicrotask(() => process.nextTick(run));
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}

function push(heap: Event[], event: Event): void {
  let at = heap.length;
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up];
    if (parent === undefined || isBefore(parent, event)) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = event;
}

function pop(heap: Event[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let down = 2 * at + 1;
    const [left, right] = [heap[down], heap[down + 1]];
    if (left !== undefined && right !== undefined && isBefore(right, left)) down++;
    const child = heap[down];
    if (child === undefined || isBefore(last, child)) break;
    heap[at] = child;
    at = down;
  }
  heap[at] = last;
}
