/** How many examples the properties over files draw. */
import fc from "fast-check";

/** `wanted`, or what the set-up of the tests gives fast-check as `numRuns`, if that is fewer. */
export function propertyRuns(wanted: number): number {
  return Math.min(wanted, fc.readConfigureGlobal().numRuns ?? wanted);
}
