export * from "./bulk.ts";
export * from "./connector-schema.ts";
export * from "./errors.ts";
export * from "./service-origin.ts";
export * from "./streaming.ts";
export * from "./tokens.ts";
