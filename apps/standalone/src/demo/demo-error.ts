/** Why the demo ends early. */

/** `failed`: something did not work; `interrupted`: a signal asked it to end. */
export class DemoError extends Error {
  readonly kind: "failed" | "interrupted";

  constructor(kind: "failed" | "interrupted", message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DemoError";
    this.kind = kind;
  }
}
