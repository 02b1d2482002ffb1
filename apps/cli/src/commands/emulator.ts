import { Command } from "commander";

/** `headgate emulator`: starts the emulator in this process, with its own flags and exit codes. */
export function emulatorCommand(): Command {
  return new Command("emulator")
    .description("Runs a local Data Cloud Ingestion API with the real limits, a clock and faults.")
    .argument("[arguments...]", "see: headgate emulator --help")
    .allowUnknownOption()
    .helpOption(false)
    .action(async (_arguments: string[], _options: unknown, command: Command) => {
      // Its main is a program of its own, which reads process.argv and handles signals.
      process.argv.splice(2, process.argv.length, ...command.args);
      process.removeAllListeners("SIGINT").removeAllListeners("SIGTERM");
      await import("@headgate/emulator/main");
    });
}
