/** The last line of a run, its keys in this order. */
export interface ChaosReport {
  readonly ok: boolean;
  readonly loads: number;
  readonly parts: number;
  readonly rows: number;
  readonly rowsMissing: number;
  readonly rowsDoubled: number;
  readonly rowsResent: number;
  readonly kills: number;
  readonly redisFaults: number;
  readonly networkFaults: number;
  readonly maxCreatesInWindow: number;
  readonly maxUnfinished: number;
  readonly orphansLeft: number;
  readonly keysLeft: number;
  readonly seconds: number;
  readonly [more: string]: unknown;
}

/** Seconds since an instant of `performance.now()`. */
export function secondsSince(began: number): number {
  return Number(((performance.now() - began) / 1000).toFixed(1));
}
