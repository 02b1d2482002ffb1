/** What Linux counts of a process, from /proc. */
import { readFileSync } from "node:fs";

export interface ProcessFigures {
  /** Resident memory now. */
  readonly rssBytes: number;
  /** Most resident memory since its start. */
  readonly peakRssBytes: number;
  /** User and system time since its start. */
  readonly cpuSeconds: number;
}

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** Reads them. Throws where the process has ended. */
export function figuresOf(pid: number): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const bytesOf = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The program's name, in brackets, may hold blanks; user and system time are 12 and 13 fields after it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return {
    rssBytes: bytesOf("VmRSS"),
    peakRssBytes: bytesOf("VmHWM"),
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
  };
}
