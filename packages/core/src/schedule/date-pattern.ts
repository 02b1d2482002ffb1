/**
 * Date patterns in source URIs: `{yyyy-MM-dd}`, `{yyyyMMdd}`, `{yyyy}/{MM}/{dd}`. Inside braces
 * stand `yyyy`, `MM`, `dd` and separators. Braces with a comma are a glob's alternatives and stay.
 */
import { BulkError } from "../errors.ts";

const group = /\{([^{}]*)\}/g;
const pattern = /^(?:yyyy|MM|dd|[-_./]| )+$/;

/** Puts the date into every date pattern of a URI. Throws ERR_REQUEST_INVALID for an unknown one. */
export function fillDate(text: string, date: string): string {
  const [year = "", month = "", day = ""] = date.split("-");
  return text.replace(group, (whole, inside: string) => {
    if (inside.includes(",")) return whole;
    if (!pattern.test(inside) || !/[yMd]/.test(inside)) throw unknownPattern(whole, text);
    return inside.replaceAll("yyyy", year).replaceAll("MM", month).replaceAll("dd", day);
  });
}

function unknownPattern(whole: string, text: string): BulkError {
  return new BulkError(
    "ERR_REQUEST_INVALID",
    `"${whole}" in ${text} is no date pattern; a pattern is made of yyyy, MM, dd and - _ . / or a space, such as {yyyy-MM-dd}`,
    { fields: { pattern: whole } },
  );
}
