import { Argument, Command } from "commander";
import type { CommandContext } from "../command-context.ts";
import { bashCompletion, commandWords, fishCompletion, zshCompletion } from "../completion.ts";

const examples = `
Examples:
  $ headgate completion bash > ~/.local/share/bash-completion/completions/headgate
  $ headgate completion zsh > "\${fpath[1]}/_headgate"
  $ headgate completion fish > ~/.config/fish/completions/headgate.fish`;

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;

/** `headgate completion`: a script that completes commands, flags and their values. */
export function completionCommand(
  context: CommandContext,
  program: () => Promise<Command>,
): Command {
  return new Command("completion")
    .description("Prints a script that lets a shell complete commands, flags and their values.")
    .addArgument(new Argument("<shell>", "which shell").choices(Object.keys(shells)))
    .addHelpText("after", examples)
    .action(async (shell: keyof typeof shells) => {
      context.terminal.answer(shells[shell](commandWords(await program())));
    });
}
