import { type DestinationStream, type Logger, pino } from "pino";

/** Values of HEADGATE_LOG_LEVEL. */
export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** The API's log: one JSON object a line, without credentials. `destination` defaults to stdout. */
export function createApiLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    name: "headgate-api",
    level,
    redact: {
      paths: ["authorization", "*.authorization", "*.headers", "password", "*.password"],
      censor: "***",
    },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
