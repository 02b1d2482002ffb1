/** Looks for secrets in all that a system says and keeps. */

/** What must be nowhere, by a name that may be shown. */
export type Canaries = Readonly<Record<string, string>>;
/** What was said or kept, by where. */
export type Sinks = Readonly<Record<string, string>>;

/** Where which canary was found, in which spelling. */
export function leaksIn(sinks: Sinks, canaries: Canaries): readonly string[] {
  return Object.entries(sinks).flatMap(([sink, text]) =>
    Object.entries(canaries).flatMap(([name, secret]) =>
      spellings(secret)
        .filter(([, spelled]) => text.includes(spelled))
        .map(([spelling]) => `${name} in ${sink} as ${spelling}`),
    ),
  );
}

/** The ways in which a text can stand in JSON, a URL, a header or a dump. */
function spellings(secret: string): readonly (readonly [name: string, spelled: string])[] {
  const bytes = Buffer.from(secret);
  const all: readonly (readonly [string, string])[] = [
    ["plain text", secret],
    ["JSON", JSON.stringify(secret).slice(1, -1)],
    ["a URL", encodeURIComponent(secret)],
    ["hex", bytes.toString("hex")],
    // Without the last characters, which depend on what follows.
    ["base64", bytes.toString("base64").replace(/=+$/, "").slice(0, -2)],
    ["base64url", bytes.toString("base64url").slice(0, -2)],
  ];
  return all.filter(([, spelled], i) => all.findIndex((other) => other[1] === spelled) === i);
}
