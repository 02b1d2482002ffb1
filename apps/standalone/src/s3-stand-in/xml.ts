/** The little XML that S3 needs. */

/** An element, its content, in order. Arrays are for names that repeat or whose order counts. */
export type Content = string | number | readonly (readonly [string, Content])[];

/** A document with one root element. */
export function xmlDocument(root: string, content: Content): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, content)}`;
}

/** Texts of all elements of this name, entities resolved. Enough for the flat documents that clients send. */
export function textsOf(xml: string, name: string): readonly string[] {
  const elements = xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([^<]*)</${name}>`, "g"));
  return [...elements].map(([, text = ""]) =>
    text.replace(/&(lt|gt|quot|apos|amp|#34|#39);/g, (entity) => entities[entity] ?? entity),
  );
}

const entities: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
  "&#34;": '"',
  "&#39;": "'",
  "&amp;": "&",
};

function element(name: string, content: Content): string {
  const inner =
    typeof content === "object"
      ? content.map(([child, its]) => element(child, its)).join("")
      : escapeText(String(content));
  return `<${name}>${inner}</${name}>`;
}

function escapeText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\r", "&#13;");
}
