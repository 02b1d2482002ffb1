export type { Check } from "./check.ts";
export { type DoctorOptions, type DoctorReport, runDoctor } from "./run-doctor.ts";
