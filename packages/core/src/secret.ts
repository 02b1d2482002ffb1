/** A string that must not end up in a log, an error or a dump: it prints, serialises and inspects as `***`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The string itself. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "***";
  }

  toJSON(): string {
    return "***";
  }

  /** What Node's `util.inspect`, and so `console.log`, shows; by its registered name, for core knows no Node. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "***";
  }
}
