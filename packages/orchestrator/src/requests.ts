/** The shapes in which people ask for things: pure, for configuration and documents. */
export * from "./load-request.ts";
export * from "./schedule-spec.ts";
export { checkSchedule, type ScheduleFault, scheduleFaults } from "./schedules/schedule-faults.ts";
