/**
 * The layers of headgate as rules: who may import whom, and why. `npm run layers` checks them.
 * A rule's comment is what a developer reads when the rule fires.
 */

const tests = "\\.test(-support)?\\.tsx?$";

/** The rule that files under `path` import, of the workspace, only themselves and `allowed`. */
function layer(name, path, allowed, comment) {
  return {
    name,
    severity: "error",
    comment,
    from: { path: `^${path}/` },
    to: { path: "^(packages|apps)/", pathNot: [path, ...allowed].map((folder) => `^${folder}/`) },
  };
}

const core = "packages/core";
const contract = "packages/ingestion-api/src/contract";

const layers = [
  {
    name: "core-imports-nothing",
    severity: "error",
    comment:
      "core is pure: no package, no node: module, no clock, no randomness. Time, ids and answers " +
      "from outside are arguments, so that every rule can be tested by examples and properties.",
    from: { path: `^${core}/src/`, pathNot: tests },
    to: { pathNot: `^${core}/src/` },
  },
  layer("core-is-the-bottom", core, [], "core's tests know core only, as core does."),
  layer(
    "ingestion-api-knows-core-only",
    "packages/ingestion-api",
    [core],
    "The Data Cloud adapter speaks the wire and knows the domain's words, nothing of queues or apps.",
  ),
  layer(
    "part-source-knows-core-only",
    "packages/part-source",
    [core],
    "The source adapter reads S3 and files and knows the domain's words, nothing of queues or apps.",
  ),
  layer(
    "orchestrator-takes-adapters-as-arguments",
    "packages/orchestrator",
    [core],
    "The steps get their adapters as arguments, so that they run unchanged on fakes and on the wire.",
  ),
  layer(
    "config-knows-shapes-only",
    "packages/config",
    [core, contract, "packages/orchestrator"],
    "headgate.yaml is made of the shapes that orchestrator's requests and the connector's schema have.",
  ),
  layer(
    "worker-joins-packages",
    "apps/worker",
    ["packages"],
    "The worker joins the packages into a process; apps meet in apps/standalone only.",
  ),
  layer(
    "api-reads-and-enqueues",
    "apps/api",
    [core, "packages/config", "packages/orchestrator", "packages/part-source/src/uploads"],
    "The API accepts loads and shows state through the orchestrator; it never talks to Salesforce or " +
      "S3. Of part-source it has the folder that clients' files go to, and nothing else.",
  ),
  layer(
    "emulator-judges-independently",
    "apps/emulator",
    [core, contract],
    "The emulator judges headgate's output, so it shares the contract's shapes and core's words with " +
      "the client and no line of its code.",
  ),
  layer(
    "cli-speaks-http",
    "apps/cli",
    [core, "packages/config", "apps/emulator", "apps/standalone", "apps/worker"],
    "The CLI is a thin client of the HTTP API. It checks headgate.yaml, and starts the emulator, the " +
      "doctor and API and worker in one process; it reaches into nothing else.",
  ),
  {
    name: "bullmq-in-one-folder",
    severity: "error",
    comment:
      "One folder maps a step's outcome to queue effects, so that the queue can be understood, " +
      "tested and replaced in one place.",
    from: { pathNot: ["^packages/orchestrator/src/queue/", "^test/"] },
    to: { path: "node_modules/bullmq/" },
  },
  {
    name: "bull-board-in-api",
    severity: "error",
    comment: "Bull Board is part of the HTTP API, behind its authentication.",
    from: { pathNot: "^apps/api/" },
    to: { path: "node_modules/@bull-board/" },
  },
];

const hygiene = [
  {
    name: "nothing-imports-tests",
    severity: "error",
    comment: "test/ looks at the product from outside; the product must not need it.",
    from: { pathNot: "^test/" },
    to: { path: "^test/" },
  },
  {
    name: "no-test-code-in-production",
    severity: "error",
    comment: "Test files and their support are not part of the build.",
    from: { pathNot: ["^test/", "^scripts/", tests] },
    to: { path: tests },
  },
  {
    name: "no-cycles",
    severity: "error",
    comment: "Files in a cycle can only be understood, tested and changed together.",
    from: {},
    to: { circular: true },
  },
  {
    name: "no-own-index",
    severity: "error",
    comment:
      "index.ts lists what others may use. Inside the package import the file itself: it is shorter " +
      "to follow and cannot become a cycle.",
    from: { path: "^(packages|apps)/([^/]+)/src/", pathNot: "/index\\.ts$" },
    to: { path: ["^$1/$2/src/index\\.ts$", "^$1/$2/src/[^/]+/index\\.ts$"] },
  },
  {
    name: "no-dev-dependencies-in-production",
    severity: "error",
    comment: "A dev dependency is not there in production: list it under dependencies.",
    from: { path: "^(packages|apps)/", pathNot: tests },
    to: { dependencyTypes: ["npm-dev"], dependencyTypesNot: ["npm-peer"] },
  },
  {
    name: "no-undeclared-dependencies",
    severity: "error",
    comment:
      "What a workspace imports stands in its own package.json, else the build order is luck.",
    from: {},
    to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
  },
  {
    name: "no-unresolvable",
    severity: "error",
    comment: "An import that resolves to nothing escapes all the rules above.",
    from: {},
    to: { couldNotResolve: true },
  },
];

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [...layers, ...hygiene],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(packages|apps)/[^/]+/(bin|dist)/" },
    parser: "swc",
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@headgate/source", "import", "node", "default"],
      extensions: [".ts", ".tsx", ".mjs", ".js"],
    },
  },
};
