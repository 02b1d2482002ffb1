/** A running emulator and the few calls most tests make, over real HTTP. */
import { onTestFinished } from "vitest";
import { type Emulator, type EmulatorOptions, startEmulator } from "./emulator.ts";

export const contactsSchema = `openapi: 3.0.3
components:
  schemas:
    Contact:
      type: object
      properties:
        id: { type: string }
        name: { type: string }
        note: { type: string }
    Order:
      type: object
      x-primary-key: number
      properties:
        placedAt: { type: string, format: date-time }
        number: { type: number }
        paid: { type: boolean }
    A: { type: object, properties: { id: { type: string } } }
    B: { type: object, properties: { id: { type: string } } }
    C: { type: object, properties: { id: { type: string } } }
    D: { type: object, properties: { id: { type: string } } }
`;

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON body, or undefined where there is none. */
  readonly body: Record<string, unknown>;
}

export interface Caller {
  readonly emulator: Emulator;
  /** Sends one request, with the caller's token unless headers say otherwise. */
  call(method: string, path: string, init?: RequestInit): Promise<Answer>;
  create(object?: string, operation?: string): Promise<Answer>;
  /** Creates a bulk job that must succeed, and returns its id. */
  open(object?: string, operation?: string): Promise<string>;
  upload(id: string, csv: string | Uint8Array, headers?: Record<string, string>): Promise<Answer>;
  patch(id: string, state: string): Promise<Answer>;
  state(id: string): Promise<unknown>;
}

/** Starts an emulator with connector `crm`, a standing clock and a token; it stops with the test. */
export async function startCaller(options: EmulatorOptions = {}): Promise<Caller> {
  const emulator = await startEmulator({
    clock: "manual",
    schemas: { crm: contactsSchema },
    ...options,
  });
  onTestFinished(() => emulator.close());
  const token = await tokenOf(emulator);

  const call: Caller["call"] = async (method, path, init = {}) => {
    const headers = { authorization: `Bearer ${token}`, ...init.headers };
    const response = await fetch(`${emulator.url}${path}`, { method, ...init, headers });
    const text = await response.text();
    const body = text === "" ? {} : JSON.parse(text);
    return { status: response.status, headers: response.headers, body };
  };
  const create: Caller["create"] = (object = "Contact", operation = "upsert") =>
    call("POST", "/api/v1/ingest/jobs", json({ object, sourceName: "crm", operation }));
  return {
    emulator,
    call,
    create,
    async open(object, operation) {
      const { status, body } = await create(object, operation);
      if (status !== 201) throw new Error(`create answered ${status}: ${JSON.stringify(body)}`);
      return String(body.id);
    },
    upload: (id, csv, headers = {}) =>
      call("PUT", `/api/v1/ingest/jobs/${id}/batches`, {
        body: csv,
        headers: { "content-type": "text/csv", ...headers },
      }),
    patch: (id, state) => call("PATCH", `/api/v1/ingest/jobs/${id}`, json({ state })),
    state: async (id) => (await call("GET", `/api/v1/ingest/jobs/${id}`)).body.state,
  };
}

/** Request options of a JSON body. */
export function json(value: unknown): RequestInit {
  return { body: JSON.stringify(value), headers: { "content-type": "application/json" } };
}

/** A Data Cloud token from the control route. */
export async function tokenOf(emulator: Emulator): Promise<string> {
  const response = await fetch(`${emulator.url}/__emulator/tokens`, { method: "POST" });
  const body: unknown = await response.json();
  if (typeof body !== "object" || body === null || !("access_token" in body)) {
    throw new Error(`no token: ${JSON.stringify(body)}`);
  }
  return String(body.access_token);
}
