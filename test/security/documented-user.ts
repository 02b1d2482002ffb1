/** The Redis users that docs/operations.md tells operators to make. */
import { readFileSync } from "node:fs";

/** The words of its `ACL SETUSER` command for this user. */
export function documentedUser(user: string): readonly string[] {
  const docs = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
  const [, line] = new RegExp(`ACL SETUSER ${user} ((?:.*\\\\\n)*.*)`).exec(docs) ?? [];
  if (line === undefined) throw new Error(`docs/operations.md makes no user ${user}`);
  const words = line.replaceAll("\\\n", " ").replaceAll("'", "").trim().split(/\s+/);
  return ["ACL", "SETUSER", user, ...words];
}
