/** Completion scripts, generated from the tree of commands: no shell has to start Node for a Tab. */
import type { Command, Option } from "commander";

/** What can follow a command: its subcommands, or its flags. */
export interface CommandWords {
  /** Words that lead to it, such as `schedule run`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  readonly flags: readonly FlagWords[];
  /** Values of its first argument, where there are only some. */
  readonly choices: readonly string[];
}

interface FlagWords {
  readonly names: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  readonly choices: readonly string[];
}

/** Every command of the tree, the program itself first. */
export function commandWords(command: Command, path: readonly string[] = []): CommandWords[] {
  const subcommands = [...command.commands];
  return [
    {
      path,
      description: command.summary() || command.description(),
      subcommands: subcommands.map((each) => ({
        name: each.name(),
        description: each.summary() || each.description(),
      })),
      flags: [...command.createHelp().visibleOptions(command)].map(flagWords),
      choices: command.registeredArguments[0]?.argChoices ?? [],
    },
    ...subcommands.flatMap((each) => commandWords(each, [...path, each.name()])),
  ];
}

function flagWords(option: Option): FlagWords {
  return {
    names: [option.long, option.short].filter((name) => name !== undefined && name !== null),
    description: option.description,
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
  };
}

/** For `source` or a folder of bash-completion; falls back to file names. */
export function bashCompletion(commands: readonly CommandWords[]): string {
  const words = commands.map(({ path, subcommands, flags, choices }) => {
    const all = [
      ...subcommands.map(({ name }) => name),
      ...choices,
      ...flags.flatMap(({ names }) => names),
    ];
    return `    "${path.join(" ")}") words="${all.join(" ")}" ;;`;
  });
  const values = commands.flatMap(({ path, flags }) =>
    flags
      .filter(({ choices }) => choices.length > 0)
      .map(
        ({ names, choices }) =>
          `    "${[...path, names[0]].join(" ")}") words="${choices.join(" ")}" ;;`,
      ),
  );
  return `# bash completion of headgate; made by: headgate completion bash
_headgate() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path="" words="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
${commands
  .filter(({ path }) => path.length > 0)
  .map(({ path }) => `      "${path.join(" ")}") path="${path.join(" ")}" ;;`)
  .join("\n")}
    esac
  done
  case "\${path:+$path }$previous" in
${values.join("\n")}
  esac
  [ -n "$words" ] || case "$path" in
${words.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _headgate headgate`;
}

/** For a folder of fpath, as _headgate; falls back to file names. */
export function zshCompletion(commands: readonly CommandWords[]): string {
  const cases = commands.map(({ path, subcommands, flags, choices }) => {
    const described = subcommands.map(({ name, description }) =>
      quoted(`${name}:${description.replaceAll(":", "\\:")}`),
    );
    const lines = [
      ...(described.length > 0 ? [`items=(${described.join(" ")})`] : []),
      ...(choices.length > 0 ? [`items=(${choices.map(quoted).join(" ")})`] : []),
      `flags=(${flags.flatMap(({ names }) => names.map(quoted)).join(" ")})`,
    ];
    return `    ${quoted(path.join(" "))}) ${lines.join("; ")} ;;`;
  });
  const values = commands.flatMap(({ path, flags }) =>
    flags
      .filter(({ choices }) => choices.length > 0)
      .map(
        ({ names, choices }) =>
          `    ${quoted([...path, names[0]].join(" "))}) compadd -- ${choices.map(quoted).join(" ")}; return ;;`,
      ),
  );
  return `#compdef headgate
# zsh completion of headgate; made by: headgate completion zsh
_headgate() {
  local path_="" word
  local -a items flags
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${path_:+$path_ }$word" in
${commands
  .filter(({ path }) => path.length > 0)
  .map(({ path }) => `      ${quoted(path.join(" "))}) path_=${quoted(path.join(" "))} ;;`)
  .join("\n")}
    esac
  done
  case "\${path_:+$path_ }\${words[CURRENT-1]}" in
${values.join("\n")}
  esac
  case "$path_" in
${cases.join("\n")}
  esac
  [[ "$PREFIX" == -* ]] && { compadd -- $flags; return }
  (( \${#items} )) && _describe headgate items || _files
}
if [ "$funcstack[1]" = _headgate ]; then _headgate "$@"; else compdef _headgate headgate; fi`;
}

/** For ~/.config/fish/completions. */
export function fishCompletion(commands: readonly CommandWords[]): string {
  const lines = commands.flatMap(({ path, subcommands, flags, choices }) => {
    const when = quoted(
      path.length === 0
        ? "__fish_use_subcommand"
        : [
            ...path.map((word) => `__fish_seen_subcommand_from ${word}`),
            ...(subcommands.length === 0
              ? []
              : [
                  `not __fish_seen_subcommand_from ${subcommands.map(({ name }) => name).join(" ")}`,
                ]),
          ].join("; and "),
    );
    return [
      ...subcommands.map(
        ({ name, description }) =>
          `complete -c headgate -n ${when} -f -a ${name} -d ${quoted(description)}`,
      ),
      ...(choices.length === 0
        ? []
        : [`complete -c headgate -n ${when} -f -a ${quoted(choices.join(" "))}`]),
      ...flags.map((flag) => fishFlag(when, flag)),
    ];
  });
  return ["# fish completion of headgate; made by: headgate completion fish", ...lines].join("\n");
}

function fishFlag(when: string, { names, description, takesValue, choices }: FlagWords): string {
  const named = names.map((name) =>
    name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`,
  );
  const value =
    choices.length > 0 ? ["-x", "-a", quoted(choices.join(" "))] : takesValue ? ["-r"] : [];
  return ["complete -c headgate -n", when, ...named, ...value, "-d", quoted(description)].join(" ");
}

/** In single quotes, for any of the shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
