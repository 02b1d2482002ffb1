/** What the emulator saw, from its control routes. */
import type { LoggedCall, StateReport } from "@headgate/emulator";
import { DemoError } from "./demo-error.ts";

export interface EmulatorReport {
  readonly state: StateReport;
  /** Every call of the API since the start. */
  readonly calls: readonly LoggedCall[];
}

/** Reads state and request log. Throws DemoError where the log has lost its beginning. */
export async function readEmulator(url: string, signal: AbortSignal): Promise<EmulatorReport> {
  const read = async (path: string): Promise<unknown> => {
    const answer = await fetch(`${url}/__emulator/${path}`, { signal });
    if (!answer.ok) throw new DemoError("failed", `emulator: ${path} answered ${answer.status}`);
    return await answer.json();
  };
  const state = (await read("state")) as StateReport;
  const { requests: calls } = (await read("requests")) as {
    readonly requests: readonly LoggedCall[];
  };
  if (calls[0]?.seq !== 1)
    throw new DemoError("failed", "emulator: the request log does not go back to the first call");
  return { state, calls };
}
