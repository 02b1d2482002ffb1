/** What steps rely on, asked of the real client on the emulator and of the real sources. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmulator } from "@headgate/emulator";
import { connectIngestionApi } from "@headgate/ingestion-api";
import { describePorts } from "@headgate/orchestrator/conformance";
import { createFileStore, createPartSource } from "@headgate/part-source";
import { joinPorts } from "@headgate/worker";

const object = `
      type: object
      properties: { id: { type: string }, note: { type: string } }`;
const schema = `
openapi: 3.0.3
components:
  schemas:
    orders: ${object}
    customers: ${object}
`;

describePorts({
  name: "client on the emulator, files",
  async open() {
    const folder = await mkdtemp(join(tmpdir(), "headgate-ports-"));
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const keyFile = join(folder, "key.pem");
    await writeFile(keyFile, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    const emulator = await startEmulator({
      schemas: { crm: schema },
      settings: { processingMs: 0, audiences: ["ports"] },
      connectedApps: [
        {
          consumerKey: "ports",
          publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
          users: ["ports@example.com"],
        },
      ],
    });
    const api = connectIngestionApi({
      loginUrl: emulator.url,
      consumerKey: "ports",
      user: "ports@example.com",
      keyFile,
      audience: "ports",
      allowPlainHttpOnLoopback: true,
    });
    const source = createPartSource({ files: createFileStore({ roots: [folder] }) });
    return {
      ...joinPorts(api, source),
      async put(name, content) {
        await writeFile(join(folder, name), content);
        return `file://${join(folder, name)}`;
      },
      async close() {
        await api.close();
        await emulator.close();
        await rm(folder, { recursive: true, force: true });
      },
    };
  },
});
