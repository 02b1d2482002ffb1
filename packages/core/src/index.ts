export * from "./assert-never.ts";
export * from "./errors.ts";
export * from "./limits.ts";
export * from "./outcome.ts";
export * from "./part.ts";
export * from "./source-selection.ts";
export * from "./target.ts";
export * from "./units.ts";
