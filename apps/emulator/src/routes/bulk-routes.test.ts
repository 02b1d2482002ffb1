import { describe, expect, it } from "vitest";
import { json, startCaller } from "../emulator.test-support.ts";

const hour = 3_600_000;
const contacts = 'id,name,note\r\n1,Ann,\r\n2,Bob,"two\nlines, ""quoted"""\r\n';

describe("a bulk job", () => {
  it("goes from Open by UploadComplete and InProgress to JobComplete by the clock", async () => {
    const { emulator, open, upload, patch, state } = await startCaller();
    const id = await open();
    expect(await state(id)).toBe("Open");
    expect((await upload(id, contacts)).body).toEqual({ accepted: true });
    expect((await patch(id, "UploadComplete")).body.state).toBe("UploadComplete");
    emulator.control.changeSettings({ processingMs: 5 });
    expect(await state(id)).toBe("UploadComplete");
    advance(emulator, 90_000);
    expect(await state(id)).toBe("InProgress");
    advance(emulator, 90_000);
    expect(await state(id)).toBe("JobComplete");
    const { objects } = await emulator.control.state();
    expect(objects).toMatchObject([
      { sourceName: "crm", object: "Contact", rowsReceived: 2, keysHeld: 2, rowsReceivedTwice: 0 },
    ]);
  });
});

function advance(emulator: { clock: { advance(ms: never): void } }, ms: number): void {
  emulator.clock.advance(ms as never);
}
void hour;
void json;
