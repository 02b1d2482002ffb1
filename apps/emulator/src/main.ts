/** `headgate-emulator`: one emulator until SIGTERM or SIGINT. Exit code 2 for a wrong setting. */
import { isBulkError } from "@headgate/core";
import { parseArguments } from "./cli-options.ts";
import { startEmulator } from "./emulator.ts";

try {
  const { emulator: options, json } = parseArguments(process.argv.slice(2));
  const emulator = await startEmulator(options);
  const stop = (): void => {
    emulator.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  // Who reads this line may send a signal at once.
  const control = `${emulator.url}/__emulator/state`;
  process.stdout.write(
    json
      ? `${JSON.stringify({ url: emulator.url, control, pid: process.pid })}\n`
      : `Ingestion API emulator at ${emulator.url}, state at ${control}\n`,
  );
} catch (error) {
  const known = isBulkError(error) || (error instanceof Error && "syscall" in error);
  if (!known) throw error;
  process.stderr.write(`headgate-emulator: ${error.message}\n`);
  process.exit(2);
}
