/**
 * The API's settings, all from the environment; README.md lists them. This is the only file of
 * the app that reads it.
 */
import { readFileSync } from "node:fs";
import { BulkError, connectionNamePattern, Secret } from "@headgate/core";
import { z } from "zod";
import { type ApiKey, parseApiKeys } from "./api-keys.ts";
import type { BoardOptions } from "./board.ts";
import { type LogLevel, logLevels } from "./logger.ts";

/** The settings of `headgate-api`, checked. */
export interface ApiConfig {
  readonly redisUrl: Secret;
  readonly host: string;
  readonly port: number;
  /** Names of the connections that loads may name. */
  readonly connections: readonly string[];
  /** First part of every Redis key. */
  readonly keyPrefix: string;
  readonly keys: readonly ApiKey[];
  readonly board: BoardOptions | undefined;
  readonly logLevel: LogLevel;
}

type Environment = Readonly<Record<string, string | undefined>>;

const names = z
  .string()
  .transform((text) => text.split(",").map((name) => name.trim()))
  .pipe(
    z
      .array(z.string().regex(connectionNamePattern, "a name must be a-z, 0-9 and -, 1 to 32 long"))
      .refine((list) => new Set(list).size === list.length, "a name stands twice"),
  );

const flag = z
  .enum(["true", "false"], "must be true or false")
  .transform((text) => text === "true");

const settings = z.object({
  HEADGATE_REDIS_URL: z
    .string()
    .regex(/^(rediss?|unix):\/\//, "must be a redis://, rediss:// or unix:// URL")
    .default("redis://127.0.0.1:6379")
    .transform((url) => new Secret(url)),
  HEADGATE_API_HOST: z.string().min(1).default("127.0.0.1"),
  HEADGATE_API_PORT: z
    .string()
    .regex(/^\d{1,5}$/, "must be a port, 0 to 65535")
    .transform(Number)
    .pipe(z.number().max(65_535, "must be a port, 0 to 65535"))
    .default(8080),
  HEADGATE_CONNECTIONS: names.default(["default"]),
  HEADGATE_KEY_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,32}$/, "must be 1 to 32 letters, digits, _ and -")
    .default("headgate"),
  HEADGATE_API_KEYS_FILE: z.string().min(1),
  HEADGATE_BOARD_USER: z
    .string()
    .min(1)
    .regex(/^[^:]*$/, "must not hold a colon")
    .exactOptional(),
  HEADGATE_BOARD_PASSWORD_FILE: z.string().min(1).exactOptional(),
  HEADGATE_BOARD_OPERATE: flag.default(false),
  HEADGATE_LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(", ")}`).default("info"),
});

/**
 * Reads the settings from an environment and the files it names. Throws ERR_CONFIG whose message
 * lists every fault, one a line, by the variable's name and without values.
 */
export function readConfig(environment: Environment = process.env): ApiConfig {
  const faults: string[] = [];
  const env = withRedisUrlFile(present(environment), faults);
  const parsed = settings.safeParse(env);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const [name = "environment"] = issue.path.map(String);
      const alreadyTold = faults.some((fault) => fault.startsWith(name));
      if (!alreadyTold) faults.push(`${name} ${name in env ? issue.message : "is not set"}`);
    }
  }
  const keys = readKeys(env.HEADGATE_API_KEYS_FILE, faults);
  const board = readBoard(env, faults);
  if (!parsed.success || faults.length > 0)
    throw new BulkError("ERR_CONFIG", `the configuration is wrong:\n${indent(faults)}`, {
      fields: { faults: faults.length },
    });
  const values = parsed.data;
  return Object.freeze({
    redisUrl: values.HEADGATE_REDIS_URL,
    host: values.HEADGATE_API_HOST,
    port: values.HEADGATE_API_PORT,
    connections: values.HEADGATE_CONNECTIONS,
    keyPrefix: values.HEADGATE_KEY_PREFIX,
    keys,
    board: board && { ...board, operate: values.HEADGATE_BOARD_OPERATE },
    logLevel: values.HEADGATE_LOG_LEVEL,
  });
}

/** An empty variable is one that is not set, as compose files and shells make them. */
function present(environment: Environment): Record<string, string> {
  const set: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment))
    if (name.startsWith("HEADGATE_") && value !== undefined && value !== "") set[name] = value;
  return set;
}

function withRedisUrlFile(env: Record<string, string>, faults: string[]): Record<string, string> {
  const { HEADGATE_REDIS_URL, HEADGATE_REDIS_URL_FILE } = env;
  if (HEADGATE_REDIS_URL_FILE === undefined) return env;
  if (HEADGATE_REDIS_URL !== undefined) {
    faults.push("HEADGATE_REDIS_URL and HEADGATE_REDIS_URL_FILE are both set");
    return env;
  }
  const url = readText("HEADGATE_REDIS_URL_FILE", HEADGATE_REDIS_URL_FILE, faults);
  return url === undefined ? env : { ...env, HEADGATE_REDIS_URL: url };
}

function readKeys(path: string | undefined, faults: string[]): readonly ApiKey[] {
  const text = path === undefined ? undefined : readText("HEADGATE_API_KEYS_FILE", path, faults);
  if (text === undefined) return [];
  try {
    return parseApiKeys(text);
  } catch (error) {
    if (!(error instanceof BulkError)) throw error;
    faults.push(`HEADGATE_API_KEYS_FILE: ${error.message}`);
    return [];
  }
}

type BoardLogin = Pick<BoardOptions, "user" | "password">;

function readBoard(env: Environment, faults: string[]): BoardLogin | undefined {
  const { HEADGATE_BOARD_USER: user, HEADGATE_BOARD_PASSWORD_FILE: path } = env;
  if (user === undefined && path === undefined) return undefined;
  if (user === undefined || path === undefined) {
    faults.push(
      "HEADGATE_BOARD_USER and HEADGATE_BOARD_PASSWORD_FILE go together: set both or none",
    );
    return undefined;
  }
  const password = readText("HEADGATE_BOARD_PASSWORD_FILE", path, faults);
  if (password === undefined) return undefined;
  if (password === "") {
    faults.push("HEADGATE_BOARD_PASSWORD_FILE names an empty file");
    return undefined;
  }
  return { user, password: new Secret(password) };
}

/** The file's text without white space around it. */
function readText(name: string, path: string, faults: string[]): string | undefined {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    faults.push(`${name} names a file that cannot be read: ${path} (${code})`);
    return undefined;
  }
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join("\n");
}
