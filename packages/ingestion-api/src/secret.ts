/** Tokens and other values that must not end up in a log, an error or a dump. */
import { inspect } from "node:util";

/** Holds a string that prints, serialises and inspects as `***`; `reveal` gives the string itself. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "***";
  }

  toJSON(): string {
    return "***";
  }

  [inspect.custom](): string {
    return "***";
  }
}
