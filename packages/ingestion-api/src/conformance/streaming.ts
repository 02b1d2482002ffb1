/** The streaming calls. */
import { describe, expect, it } from "vitest";
import { keyOf, misfit, record, schemaOf } from "./sample-data.ts";
import { type ApiSubject, clientFor } from "./subject.ts";

/** Stores nothing. */
export function describeValidation(subject: ApiSubject): void {
  const [target] = subject.targets;
  const schema = schemaOf(target);

  describe("validation", () => {
    it("passes a record of the schema", async () => {
      const { client } = clientFor(subject);
      expect(await client.validate(target, [record(schema, 1)])).toEqual({ kind: "valid" });
    });

    it("names what is wrong with one of another type", async () => {
      const { client } = clientFor(subject);
      const [field] = schema.fields;
      const wrong = { ...record(schema, 1), ...(field && { [field.name]: misfit(field.type) }) };
      const verdict = await client.validate(target, [wrong]);
      if (verdict.kind === "valid") throw new Error("the record was passed");
      expect(verdict.faults).toHaveLength(1);
      expect(verdict.faults[0]?.causes.join()).toContain(field?.name);
    });

    it("does not know an unknown object", async () => {
      const { client } = clientFor(subject);
      const unknown = { ...target, object: "headgate_no_such_object" };
      await expect(client.validate(unknown, [{}])).rejects.toMatchObject({
        code: "ERR_API_NOT_FOUND",
      });
    });
  });
}

export function describeStreaming(subject: ApiSubject): void {
  const [target] = subject.targets;
  const schema = schemaOf(target);

  describe("streaming", () => {
    it("accepts an upsert and the delete of the same key", async () => {
      const { client } = clientFor(subject);
      expect(await client.streamUpsert(target, [record(schema, 1)])).toBeUndefined();
      expect(await client.streamDelete(target, [keyOf(schema, 1)])).toBeUndefined();
    });
  });
}
