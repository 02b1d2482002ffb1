/** The store contract against a server that nobody of this project wrote; run by `run.ts` only. */
import { describeSourceStore } from "@headgate/part-source/conformance";
import { inject } from "vitest";
import { type S3Place, s3Subject } from "./s3-subject.ts";

declare module "vitest" {
  interface ProvidedContext {
    s3Place: S3Place;
  }
}

describeSourceStore(s3Subject("Swift with s3api", () => inject("s3Place")));
