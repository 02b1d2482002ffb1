/**
 * Who works beside whom in one process. Work that customers' bytes could make deadly (planning, dry
 * runs, uploads) goes on side by side, but a suspect works alone, so that a further death names it and
 * no other. The invariant: once a death is counted on a load, none is counted on it any more in which
 * something else was at work beside it.
 *
 * First come, first in: whoever comes after a suspect that waits lets it go first, so no flow of
 * others keeps it out.
 */

/** Held while one works. */
export interface Place {
  /** Once what this work has done is recorded: whoever comes next may kill the process. */
  leave(): void;
}

export interface EnterOptions {
  readonly alone: boolean;
  /** Asked where one must wait: the first of these to be aborted ends the wait. */
  readonly giveUp: () => readonly AbortSignal[];
}

export interface Isolation {
  /** Waits for a place; undefined where the wait was given up. */
  enter(options: EnterOptions): Promise<Place | undefined>;
}

interface Waiting {
  readonly alone: boolean;
  letIn(place: Place): void;
}

/** One for each process. */
export function createIsolation(): Isolation {
  const line: Waiting[] = [];
  let atWork = 0;
  let isAlone = false;

  const hasRoom = (alone: boolean): boolean => (alone ? atWork === 0 : !isAlone);

  function take(alone: boolean): Place {
    atWork++;
    isAlone = alone;
    let left = false;
    return {
      leave() {
        if (left) return;
        left = true;
        atWork--;
        isAlone = false;
        letNextIn();
      },
    };
  }

  function letNextIn(): void {
    for (let [first] = line; first !== undefined && hasRoom(first.alone); [first] = line) {
      line.shift();
      first.letIn(take(first.alone));
    }
  }

  function wait(alone: boolean, giveUp: readonly AbortSignal[]): Promise<Place | undefined> {
    const { promise, resolve } = Promise.withResolvers<Place | undefined>();
    const stopListening = (): void => {
      for (const signal of giveUp) signal.removeEventListener("abort", leaveLine);
    };
    const waiting: Waiting = {
      alone,
      letIn(place) {
        stopListening();
        resolve(place);
      },
    };
    function leaveLine(): void {
      stopListening();
      line.splice(line.indexOf(waiting), 1);
      resolve(undefined);
      letNextIn();
    }
    line.push(waiting);
    for (const signal of giveUp) signal.addEventListener("abort", leaveLine, { once: true });
    return promise;
  }

  return {
    async enter({ alone, giveUp }) {
      if (line.length === 0 && hasRoom(alone)) return take(alone);
      const signals = giveUp();
      return signals.some(({ aborted }) => aborted) ? undefined : await wait(alone, signals);
    },
  };
}
