import { describePorts } from "./conformance.ts";
import { createTestStore, createTestTenant } from "./steps/tenant.test-support.ts";

describePorts({
  name: "tenant and store in memory",
  async open() {
    const files = new Map<string, string>();
    return {
      ingestion: createTestTenant().ingestion,
      source: createTestStore(files),
      async put(name, content) {
        const uri = `s3://bucket/${name}`;
        files.set(uri, content);
        return uri;
      },
      close: async () => undefined,
    };
  },
});
