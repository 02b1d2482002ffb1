/**
 * Date patterns in source URIs: `{yyyy-MM-dd}`, `{yyyyMMdd}`, `{yyyy}/{MM}/{dd}`. Inside braces
 * stand `yyyy`, `MM`, `dd` and separators. Braces with a comma are a glob's alternatives and stay.
 */
import { BulkError } from "../errors.ts";

const group = /\{([^{}]*)\}/g;
const pattern = /^(?:yyyy|MM|dd|[-_./]| )+$/;

/** Puts the date into every date pattern of a URI. Throws ERR_REQUEST_INVALID for an unknown or open one. */
export function fillDate(text: string, date: string): string {
  const open = openBrace(text);
  if (open !== undefined) throw unclosedPattern(text.slice(open), text);
  const [year = "", month = "", day = ""] = date.split("-");
  return text.replace(group, (whole, inside: string) => {
    if (inside.includes(",")) return whole;
    if (!pattern.test(inside) || !/[yMd]/.test(inside)) throw unknownPattern(whole, text);
    return inside.replaceAll("yyyy", year).replaceAll("MM", month).replaceAll("dd", day);
  });
}

/** Where a brace is that has no other; undefined where there is none. */
function openBrace(text: string): number | undefined {
  const open: number[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "{") open.push(at);
    else if (text[at] === "}" && open.pop() === undefined) return at;
  }
  return open.at(-1);
}

function unclosedPattern(from: string, text: string): BulkError {
  return new BulkError(
    "ERR_REQUEST_INVALID",
    `"${from}" in ${text} has a brace without its other; a brace itself is written %7B or %7D`,
    { fields: { pattern: from } },
  );
}

function unknownPattern(whole: string, text: string): BulkError {
  return new BulkError(
    "ERR_REQUEST_INVALID",
    `"${whole}" in ${text} is no date pattern; a pattern is made of yyyy, MM, dd and - _ . / or a space, such as {yyyy-MM-dd}`,
    { fields: { pattern: whole } },
  );
}
