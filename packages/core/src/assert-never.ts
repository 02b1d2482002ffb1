/** Ends a switch over a closed union: the compiler refuses a forgotten case, the throw an impossible one. */
export function assertNever(value: never): never {
  throw new TypeError(`unhandled case: ${JSON.stringify(value)}`);
}
