/** The simulated network and store, held to what the real ones pass. */
import { describePorts } from "@headgate/orchestrator/conformance";
import { createCounters } from "./counters.ts";
import { createCrashPlan } from "./crash-points.ts";
import { createMachine } from "./machine.ts";
import { createRandom } from "./random.ts";
import { createSourcePort, type SourceFiles } from "./source-files.ts";
import { createCallFaults } from "./tenant/call-faults.ts";
import { createIngestionPort } from "./tenant/ingestion-port.ts";
import { createTenant } from "./tenant/tenant.ts";
import { createVirtualTime } from "./virtual-time.ts";

const nothing = () => undefined;

describePorts({
  name: "simulated network and store",
  async open() {
    const time = createVirtualTime(0, nothing);
    const random = createRandom("ports");
    const counters = createCounters();
    const crashes = createCrashPlan([], { now: time.now, struck: nothing });
    const machine = createMachine({ name: "m", skewMs: 0, now: time.now });
    const files: SourceFiles = new Map();
    let ids = 0;
    const tenant = createTenant({
      name: "tenant",
      now: time.now,
      aheadMs: 0,
      slots: 100,
      oneBulkJobPerObject: true,
      retentionMs: 604_800_000,
      permits: 5,
      maxFiles: 100,
      processingMs: 0,
      newId: () => `job-${++ids}`,
      watch: {
        createArrived: nothing,
        made: nothing,
        uploadArrived: nothing,
        fileAccepted: nothing,
        closed: nothing,
        completed: nothing,
      },
    });
    const ingestion = createIngestionPort({
      time,
      machine,
      tenant,
      random,
      counters,
      crashes,
      faults: createCallFaults({ random, counters, enabledShare: 0, rate: 0 }),
      spoil: nothing,
      watch: {
        createLeaves: nothing,
        createRefused: nothing,
        throttled: nothing,
        uploadBegins: () => nothing,
      },
    });
    const stopped = new AbortController();
    // Somebody has to make time pass while the suite waits for answers.
    const passing = (async () => {
      while (!stopped.signal.aborted) {
        await time.run({ until: time.now() + 60_000, settled: nothing, isOver: () => false });
        await new Promise((resolve) => void setImmediate(resolve));
      }
    })();
    return {
      ingestion,
      source: createSourcePort({
        time,
        machine,
        files,
        random,
        counters,
        crashes,
        readingMs: () => 0,
        fault: nothing,
      }),
      async put(name, content) {
        const uri = `s3://bucket/${name}`;
        files.set(uri, Buffer.from(content));
        return uri;
      },
      async close() {
        stopped.abort();
        await passing;
      },
    };
  },
});
