import { expect, it } from "vitest";
import { isClaimable, isFinalLoadState, loadStates } from "./load.ts";

it("lets parts be claimed of planned loads that have not ended, and of no other", () => {
  expect(loadStates.filter(isClaimable)).toEqual(["waiting", "loading"]);
});

it("knows the three ends of a load", () => {
  expect(loadStates.filter(isFinalLoadState)).toEqual(["complete", "failed", "cancelled"]);
});
