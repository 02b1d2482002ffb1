export * from "./new-api-key.ts";
export * from "./schema.ts";
