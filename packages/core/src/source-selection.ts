/** Which source objects a load takes: one of five ways to name them. */
export type SourceSelection =
  /** The object of this very key where it exists, else every object under `uri` + "/". */
  | { readonly kind: "uri"; readonly uri: string }
  /** Every object whose key starts so and ends with `suffix` (default: any). */
  | { readonly kind: "prefix"; readonly uri: string; readonly suffix?: string }
  /** Every object whose key matches: `*` within a folder, `**` across, `?`, `[a-z]`, `{a,b}`. */
  | { readonly kind: "glob"; readonly uri: string }
  /** These objects, in this order. */
  | { readonly kind: "keys"; readonly uris: readonly string[] }
  /** The objects a JSON manifest lists: `{"entries":[{"url":"s3://…","mandatory":true}]}`. */
  | { readonly kind: "manifest"; readonly uri: string };
