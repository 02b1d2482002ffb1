/** What preflight looks for, in general and where an object differs. */
import { defaultPreflight, preflightPolicies } from "@headgate/core";
import { z } from "zod";

const policy = z
  .enum(preflightPolicies)
  .describe("refuse: a load with findings fails before a slot is spent. warn: it is loaded");
const values = z
  .boolean()
  .describe("check numbers, booleans, dates and empty keys in every record");
const duplicates = z
  .boolean()
  .describe("look for primary keys that come twice in a load; takes scratch space on disk");

export const preflightSchema = z.strictObject({
  policy: policy.default(defaultPreflight.policy),
  values: values.default(defaultPreflight.values),
  duplicates: duplicates.default(defaultPreflight.duplicates),
});

/** What is absent is as in general. */
export const objectPreflightSchema = z.strictObject({
  policy: policy.exactOptional(),
  values: values.exactOptional(),
  duplicates: duplicates.exactOptional(),
});
