/** Seals of a test's own key. */
import { Secret } from "@headgate/core";
import { createSeals, type Seals } from "./seals.ts";

export const sealsOfTest: Seals | undefined = createSeals([new Secret("k".repeat(32))]);
