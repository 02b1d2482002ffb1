export * from "./bulk.ts";
export * from "./errors.ts";
export * from "./streaming.ts";
export * from "./tokens.ts";
