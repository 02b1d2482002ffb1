/** The reference of the command line: the help text of every command. */
import { PassThrough } from "node:stream";
import { buildProgram } from "../../apps/cli/src/program.ts";

type Command = Awaited<ReturnType<typeof buildProgram>>;

/** Each command that does something, the program itself first, as `--help` prints it. */
export async function commands(): Promise<string> {
  const nothing = () => undefined;
  const program = await buildProgram(
    {
      terminal: {
        answer: nothing,
        probe: nothing,
        note: nothing,
        failure: nothing,
        progress: nothing,
      },
      stdin: new PassThrough(),
      signal: new AbortController().signal,
    },
    () => true,
  );
  return sections(program, []).join("\n\n");
}

function sections(command: Command, parents: readonly string[]): readonly string[] {
  const path = [...parents, command.name()];
  const isLeafOrRoot = command.commands.length === 0 || parents.length === 0;
  return [
    ...(isLeafOrRoot ? [`### ${path.join(" ")}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\``] : []),
    ...command.commands.flatMap((child) => sections(child, path)),
  ];
}

function helpOf(command: Command): string {
  let text = "";
  command.configureOutput({
    writeOut: (more) => {
      text += more;
    },
    // The width of a README, not of the terminal that this runs in.
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trimEnd();
}
