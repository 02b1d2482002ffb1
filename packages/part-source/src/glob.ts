/**
 * Globs over keys: `*` within a folder, `**` across folders, `?`, `[a-z]`, `[!a-z]`, `{a,b}`.
 * All else stands for itself, and so does whatever is percent-encoded: %2A is a plain asterisk.
 * No wildcard matches a whole folder name "." or "..".
 */
import { decodeKey } from "@headgate/core";
import picomatch from "picomatch";

/** A compiled pattern. */
export interface Glob {
  /** Literal text that every matching key starts with: what to list by. */
  readonly prefix: string;
  matches(key: string): boolean;
}

const encodedRun = /^(?:%[0-9A-Fa-f]{2})+/;

/** Reads the key part of a glob URI, still percent-encoded. Throws ERR_SOURCE_URI, naming `uri`. */
export function parseGlob(encodedKey: string, uri: string): Glob {
  let pattern = "";
  let prefix: string | undefined;
  let literal = "";
  let inBrackets = false;
  for (let at = 0; at < encodedKey.length; ) {
    const run = encodedRun.exec(encodedKey.slice(at, at + 3072))?.[0];
    const raw = run ?? encodedKey.charAt(at);
    at += raw.length;
    if (run === undefined && "*?[]{}".includes(raw)) {
      prefix ??= literal;
      inBrackets = raw === "[" || (inBrackets && raw !== "]");
      pattern += raw;
    } else if (run === undefined && (inBrackets || (prefix !== undefined && raw === ","))) {
      pattern += raw === "!" && pattern.endsWith("[") ? "^" : raw.replace("\\", "\\\\");
    } else {
      const text = decodeKey(raw, uri);
      literal += text;
      pattern += escapeLiteral(text);
    }
  }
  const matches = picomatch(pattern, {
    dot: true,
    fastpaths: false,
    flags: "s",
    keepQuotes: true,
    noextglob: true,
    nonegate: true,
    strictSlashes: true,
    windows: false,
  });
  return { prefix: prefix ?? literal, matches: (key) => matches(key) };
}

/** Takes every meaning from ASCII punctuation except the slash, which stays the folder separator. */
function escapeLiteral(text: string): string {
  return text.replace(/[!-.:-@[-^`{-~]/g, "\\$&");
}
