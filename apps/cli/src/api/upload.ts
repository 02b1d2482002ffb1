/** Sends a local file, or standard input, to the API's uploads. */
import { pipeline, Transform } from "node:stream";
import { z } from "zod";
import { CliError, isCliError } from "../errors.ts";
import { notOfHeadgate, parseJson, readText, refusal } from "./answer.ts";
import { type ApiClient, noAnswer, pause, retryDelay } from "./api-client.ts";
import { path, pathAndQuery } from "./route.ts";

const uploadAnswer = z.looseObject({ uri: z.string(), bytes: z.number(), sha256: z.string() });
export type UploadAnswer = z.output<typeof uploadAnswer>;

/** Something to send. */
export interface LocalSource {
  /** As messages name it. */
  readonly label: string;
  /** File name that the upload keeps, so that `.gz` still says what it is. */
  readonly name: string | undefined;
  readonly bytes: number | undefined;
  /** A fresh stream of all bytes; standard input has but one. */
  readonly open: () => NodeJS.ReadableStream;
  readonly repeatable: boolean;
}

/**
 * Sends it whole and gives its URI. A file is sent again after a lost connection; standard input
 * cannot be. Throws CliError.
 */
export async function upload(
  client: ApiClient,
  source: LocalSource,
  options: {
    readonly signal: AbortSignal;
    readonly report: (line: string) => void;
    readonly onBytes: (bytes: number) => void;
  },
): Promise<UploadAnswer> {
  const { retries } = client.config;
  for (let attempt = 0; ; attempt += 1)
    try {
      return await sendOnce(client, source, options);
    } catch (error) {
      if (!isCliError(error, "unavailable") || !source.repeatable || attempt >= retries)
        throw error;
      options.report(`${error.message}; sending ${source.label} again`);
      await pause(retryDelay(attempt), options.signal);
    }
}

async function sendOnce(
  client: ApiClient,
  source: LocalSource,
  options: { readonly signal: AbortSignal; readonly onBytes: (bytes: number) => void },
): Promise<UploadAnswer> {
  const { config } = client;
  const { request } = await import("undici");
  let sent = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sent += chunk.length;
      options.onBytes(sent);
      done(null, chunk);
    },
  });
  // An unreadable file ends the request through the counter, whose error it becomes.
  const body = pipeline(source.open(), counter, () => undefined);
  try {
    const at = pathAndQuery({ path: path("files"), query: { name: source.name } });
    const answer = await request(`${config.apiUrl}${at}`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${config.apiKey}`,
        "content-type": "application/octet-stream",
        ...(source.bytes === undefined ? {} : { "content-length": String(source.bytes) }),
      },
      body,
      // The answer comes once all bytes are on the API's disk.
      headersTimeout: 600_000,
      signal: options.signal,
    });
    const text = await readText(answer.body);
    if (answer.statusCode !== 201) throw refusal(config, answer.statusCode, text);
    const parsed = uploadAnswer.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    throw notOfHeadgate("it answered 201 without the documented body");
  } catch (error) {
    options.signal.throwIfAborted();
    throw error instanceof CliError ? error : noAnswer(config, error);
  } finally {
    counter.destroy();
  }
}
