/** Streaming gzip and zstd, every member and frame of a file, with a bound on what comes out. */
import { createGunzip, createZstdDecompress } from "node:zlib";
import { compressionOf, magicBytes } from "./compression-magic.ts";
import { formatError } from "./format-error.ts";
import { joinFirst } from "./join-first.ts";

export interface DecompressOptions {
  readonly uri: string;
  readonly compression: "gzip" | "zstd";
  /** Most bytes that may come out. */
  readonly maxBytes: number;
}

/**
 * Yields what the stored bytes hold. Throws ERR_SOURCE_FORMAT where they are not of this
 * compression, damaged, end too early, go on after their end, or expand to more than `maxBytes`.
 */
export async function* decompress(
  stored: AsyncIterable<Uint8Array>,
  options: DecompressOptions,
): AsyncGenerator<Uint8Array> {
  const { uri, compression, maxBytes } = options;
  let engine: Engine | undefined;
  let begins: string | undefined;
  let reached = 0;
  let given = 0;
  let produced = 0;

  async function* bounded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of chunks) {
        produced += chunk.byteLength;
        if (produced > maxBytes) throw tooLarge(options, produced);
        yield chunk;
      }
    } catch (error) {
      throw fromEngineError(error, options, { begins, from: reached, to: given });
    }
  }

  try {
    for await (const chunk of joinFirst(stored, magicBytes)) {
      if (reached === 0) begins = compressionOf(chunk);
      given += chunk.byteLength;
      let rest = chunk;
      while (rest.byteLength > 0) {
        engine ??= startEngine(compression);
        yield* bounded(engine.write(rest));
        const left = engine.unread();
        reached += rest.byteLength - left;
        rest = rest.subarray(rest.byteLength - left);
        // A member or frame has ended within the chunk, and the engine takes no more.
        if (left > 0) {
          engine.close();
          engine = undefined;
        }
      }
    }
    if (engine === undefined) {
      throw formatError(uri, `is empty, so it is not ${compression}`, { bytesSeen: 0 });
    }
    yield* bounded(engine.end());
  } finally {
    engine?.close();
  }
}

interface Engine {
  /** Yields what comes out while the chunk goes in. */
  write(chunk: Uint8Array): AsyncIterable<Uint8Array>;
  /** Yields what is left. */
  end(): AsyncIterable<Uint8Array>;
  /** Bytes of the last chunk that it did not take, because its member or frame had ended. */
  unread(): number;
  close(): void;
}

/** Bytes that come out at a time. */
const chunkSize = 64 * 1024;

/** Drives one of Node's engines by hand, since only so it is known which bytes it left unread. */
function startEngine(compression: "gzip" | "zstd"): Engine {
  const stream =
    compression === "gzip" ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize });
  let given = 0;
  let failure: unknown;
  let wake = (): void => {};
  stream.on("readable", () => wake());
  stream.on("error", (error) => {
    failure ??= error;
    wake();
  });

  async function* flow(start: (done: (error?: Error | null) => void) => void) {
    let isDone = false;
    start((error) => {
      failure ??= error ?? undefined;
      isDone = true;
      wake();
    });
    for (;;) {
      const chunk: Uint8Array | null = stream.read();
      if (chunk !== null) {
        yield chunk;
        continue;
      }
      if (failure !== undefined) throw failure;
      if (isDone) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  return {
    write(chunk) {
      given += chunk.byteLength;
      return flow((done) => stream.write(chunk, done));
    },
    end: () =>
      flow((done) => {
        // Not "finish", which may come before a too early end is found.
        stream.once("end", done);
        stream.end();
      }),
    unread: () => given - stream.bytesWritten,
    close: () => void stream.destroy(),
  };
}

function tooLarge({ uri, compression, maxBytes }: DecompressOptions, bytesSeen: number) {
  return formatError(
    uri,
    `expands to more than ${maxBytes} bytes, which are allowed for ${compression} of its size`,
    { bytesSeen, bytesAllowed: maxBytes },
  );
}

interface Progress {
  /** The compression that the object's first bytes are of. */
  readonly begins: string | undefined;
  /** Bytes between which a fault lies: up to where the object was taken, and given. */
  readonly from: number;
  readonly to: number;
}

function fromEngineError(
  error: unknown,
  { uri, compression }: DecompressOptions,
  progress: Progress,
): unknown {
  const reason = error instanceof Error && "code" in error ? String(error.code) : undefined;
  if (reason === undefined || !/^(Z|ZSTD)_/.test(reason)) return error;
  const problem = problemOf(reason, compression, progress);
  return formatError(uri, `${problem} (${reason})`, { near: progress.from, reason });
}

function problemOf(reason: string, compression: string, { begins, from, to }: Progress): string {
  switch (reason) {
    case "Z_BUF_ERROR":
      return `ends in the middle of its ${compression} data`;
    case "Z_NEED_DICT":
    case "ZSTD_error_dictionary_wrong":
      return `needs a ${compression} dictionary, which headgate does not take`;
    case "ZSTD_error_frameParameter_windowTooLarge":
      return "needs a window of more than 128 MiB; compress it without --long or --ultra";
    case "Z_MEM_ERROR":
    case "ZSTD_error_memory_allocation":
      return `needs more memory than there is to read its ${compression} data`;
    default:
      return begins === compression
        ? `is damaged ${compression}, or has bytes after its end, between bytes ${from} and ${to}`
        : `is not ${compression}`;
  }
}
