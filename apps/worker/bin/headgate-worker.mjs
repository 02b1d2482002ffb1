#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";

// What a worker makes is chunks that are soon garbage. V8 would let 64 MB of them gather and more
// outside its heap, since it frees a chunk only with the object that holds it: twice the memory, and
// no more speed. Read at each growth, so it must be set before the modules are loaded.
setFlagsFromString("--semi-space-growth-factor=1");

await import("../dist/main.js");
