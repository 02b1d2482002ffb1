import { Secret } from "@headgate/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createSeals, isGenuine, openLine, sealedLine, sealOf } from "./seals.ts";

const [one, two] = [new Secret("1".repeat(32)), new Secret("2".repeat(32))];
const at = (base: string, ...keys: Secret[]) => ({ base, seals: createSeals(keys) });

describe("a seal", () => {
  it("fits what it was made for", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (facts) => {
        expect(isGenuine(at("a", one), facts, sealOf(at("a", one), facts))).toBe(true);
      }),
    );
  });

  it("fits no other facts, in whatever way they are cut", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (facts, others) => {
        fc.pre(JSON.stringify(facts) !== JSON.stringify(others));
        expect(isGenuine(at("a", one), others, sealOf(at("a", one), facts))).toBe(false);
      }),
    );
    expect(isGenuine(at("a", one), ["lo", "ad"], sealOf(at("a", one), ["load"]))).toBe(false);
  });

  it("fits in no other place, by no other key, and not where it is cut, gone or garbled", () => {
    const seal = sealOf(at("a", one), ["load", "1"]);
    expect(isGenuine(at("b", one), ["load", "1"], seal)).toBe(false);
    expect(isGenuine(at("a", two), ["load", "1"], seal)).toBe(false);
    for (const wrong of [undefined, "", seal.slice(1), `${seal}AAAA`, "%%%", `A${seal.slice(1)}`])
      expect(isGenuine(at("a", one), ["load", "1"], wrong)).toBe(seal === wrong);
  });

  it("is made by the first key and fits by any, so that keys are replaced without a gap", () => {
    const [before, during, after] = [at("a", one, two), at("a", two, one), at("a", two)];
    const old = sealOf(before, ["x"]);
    const next = sealOf(during, ["x"]);
    expect(old).not.toBe(next);
    for (const place of [before, during]) {
      expect(isGenuine(place, ["x"], old)).toBe(true);
      expect(isGenuine(place, ["x"], next)).toBe(true);
    }
    expect([old, next].map((seal) => isGenuine(after, ["x"], seal))).toEqual([false, true]);
  });

  it("is empty and asked of nothing where there is no key", () => {
    expect(sealOf({ base: "a" }, ["x"])).toBe("");
    expect(isGenuine({ base: "a" }, ["x"], undefined)).toBe(true);
  });
});

describe("a sealed line", () => {
  it("opens to its text in its own place only, also where the key was taken away", () => {
    const place = at("a", one);
    const line = sealedLine(place, ["part", "1", "0"], '{"a":"\\n"}');
    expect(openLine(place, ["part", "1", "0"], line)).toBe('{"a":"\\n"}');
    expect(openLine({ base: "a" }, ["part", "1", "0"], line)).toBe('{"a":"\\n"}');
    expect(openLine(place, ["part", "1", "1"], line)).toBeUndefined();
    expect(openLine(place, ["part", "1", "0"], line.replace("a", "b"))).toBeUndefined();
    expect(openLine(place, ["part", "1", "0"], '{"a":"\\n"}')).toBeUndefined();
  });
});
