/** What is wrong with a request, in words for who sent it: the field, what is allowed, what was seen. */
import { BulkError } from "@headgate/core";
import type { z } from "zod";

type Issue = z.core.$ZodIssue;

/** A request may be wrong in thousands of places; its sender is told so many. */
const mostTold = 20;

/** Parses what a client has sent. Throws ERR_REQUEST_INVALID with the faults of `what` in its message. */
export function parseRequest<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  what: string,
): z.output<Schema> {
  const parsed = schema.safeParse(input, { error: requestWords });
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.flatMap((issue) => faultsOf(issue, input));
  const lines = faults
    .slice(0, mostTold)
    .map(({ field, message }) => `${field || "(all of it)"}: ${message}`);
  if (faults.length > mostTold) lines.push(`and ${faults.length - mostTold} more`);
  throw new BulkError("ERR_REQUEST_INVALID", `${what} not valid: ${lines.join("; ")}`, {
    fields: { field: faults[0]?.field ?? "", faults: faults.length },
  });
}

interface Fault {
  readonly field: string;
  readonly message: string;
}

/** Texts for what the schemas have no words of their own for. */
const requestWords: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case "invalid_type":
      return `must be ${typeNames[issue.expected] ?? issue.expected}`;
    case "too_small":
      return `must ${amount(issue.origin)} at least ${issue.minimum}${unitOf(issue.origin)}`;
    case "too_big":
      return `must ${amount(issue.origin)} at most ${issue.maximum}${unitOf(issue.origin)}`;
    case "invalid_value":
      return `must be one of ${issue.values.map(String).join(", ")}`;
    case "invalid_format":
      return issue.pattern === undefined
        ? `must be a ${issue.format}`
        : `must match ${issue.pattern}`;
    default:
      return undefined;
  }
};

const typeNames: Readonly<Record<string, string>> = {
  string: "a string",
  int: "a whole number",
  number: "a number",
  boolean: "true or false",
  object: "an object",
  array: "a list",
};

function amount(origin: string): "have" | "be" {
  return unitOf(origin) === "" ? "be" : "have";
}

function unitOf(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " entries" : "";
}

function faultsOf(issue: Issue, input: unknown): readonly Fault[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({
      field: fieldOf([...issue.path, key]),
      message: "is not a property that it has",
    }));
  const meant = issue.code === "invalid_union" ? meantOf(issue, input) : undefined;
  if (meant !== undefined) return meant.flatMap((one) => faultsOf(one, input));
  const seen = seenOf(valueAt(input, issue.path));
  return [{ field: fieldOf(issue.path), message: `${issue.message} (seen: ${seen})` }];
}

/** The faults of the one way of several that the client has chosen, where that is plain to see. */
function meantOf(
  { errors, path }: Extract<Issue, { readonly code: "invalid_union" }>,
  input: unknown,
): readonly Issue[] | undefined {
  const ways = errors
    .map((way) => way.map((issue): Issue => ({ ...issue, path: [...path, ...issue.path] })))
    .filter((way) =>
      way.every(
        (issue) =>
          issue.code !== "unrecognized_keys" &&
          issue.path.length > path.length &&
          valueAt(input, issue.path) !== undefined,
      ),
    );
  return ways.length === 1 ? ways[0] : undefined;
}

const longestSeen = 80;

/** A value as it may be repeated: short, and of a URL without the login in it. */
function seenOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value !== "string") return String(value);
  const plain = value.replace(/\/\/[^/]*@/g, "//***@");
  const shown = shortened(plain);
  return JSON.stringify(shown) + (shown === plain ? "" : ` of ${value.length} characters`);
}

function shortened(text: string): string {
  return text.length > longestSeen ? `${text.slice(0, longestSeen)}…` : text;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? Reflect.get(value, key)
        : undefined,
    input,
  );
}

function fieldOf(path: readonly PropertyKey[]): string {
  return shortened(path.map(String).join("."));
}
