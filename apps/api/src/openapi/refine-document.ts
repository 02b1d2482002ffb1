/** Completes the document by what schemas do not say: headers of answers; and keeps only the components in use. */
import { answerHeaders, headerComponents } from "./answer-headers.ts";

type Node = Record<string, unknown>;

const schemaRef = "#/components/schemas/";

/** The document with headers in its answers, and with each schema that is used under one plain name. */
export function refine(document: object): Node {
  const plain = JSON.parse(JSON.stringify(document)) as Node;
  const { paths = {}, components = {} } = plain as { paths?: Node; components?: Node };
  for (const [path, item] of Object.entries(paths))
    for (const operation of Object.values(item as Node)) addHeaders(path, operation as Node);
  const schemas = usedSchemas(paths, (components.schemas ?? {}) as Node);
  return renamed({
    ...plain,
    paths,
    components: { ...components, schemas, headers: headerComponents },
  });
}

function addHeaders(path: string, operation: Node): void {
  for (const [status, response] of Object.entries((operation.responses ?? {}) as Node))
    (response as Node).headers = Object.fromEntries(
      answerHeaders(path, operation, Number(status)).map(([name, component]) => [
        name,
        { $ref: `#/components/headers/${component}` },
      ]),
    );
}

/** Schemas that the paths refer to, themselves or through others. */
function usedSchemas(paths: Node, schemas: Node): Node {
  const used: Node = {};
  const pending: unknown[] = [paths];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value === "string" && value.startsWith(schemaRef)) {
      const name = value.slice(schemaRef.length);
      if (name in used) continue;
      used[name] = schemas[name];
      pending.push(schemas[name]);
    } else if (typeof value === "object" && value !== null) pending.push(...Object.values(value));
  }
  return Object.fromEntries(Object.entries(used).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** What is only taken in needs no word for that in its name. */
function renamed(document: Node): Node {
  const names = new Set(Object.keys((document.components as { schemas: Node }).schemas));
  const plainName = (name: string): string => {
    const short = name.replace(/Input$/, "");
    return names.has(short) ? name : short;
  };
  const text = JSON.stringify(document, (key, value: unknown) => {
    if (key === "$ref" && typeof value === "string" && value.startsWith(schemaRef))
      return schemaRef + plainName(value.slice(schemaRef.length));
    if (key !== "schemas") return value;
    return Object.fromEntries(
      Object.entries(value as Node).map(([name, schema]) => [plainName(name), schema]),
    );
  });
  return JSON.parse(text) as Node;
}
