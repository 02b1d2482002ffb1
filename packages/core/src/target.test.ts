import { expect, test } from "vitest";
import { apiNamePattern, connectionNamePattern, objectKey, operations } from "./target.ts";

test("the API knows upsert and delete", () => {
  expect(operations).toEqual(["upsert", "delete"]);
});

test("a connection's name is small letters, digits and inner hyphens, at most 32", () => {
  for (const name of ["a", "7", "eu-1", "a-", "x".repeat(32)])
    expect(name).toMatch(connectionNamePattern);
  for (const name of ["", "-a", "A", "a_b", "a:b", "a\n", "é", "x".repeat(33)])
    expect(name).not.toMatch(connectionNamePattern);
});

test("an API name is letters, digits, underscores and hyphens, at most 80", () => {
  for (const name of ["a", "Order_Item-2", "_", "-", "x".repeat(80)])
    expect(name).toMatch(apiNamePattern);
  for (const name of ["", "a b", " a", "a\n", "a/b", "é", "x".repeat(81)])
    expect(name).not.toMatch(apiNamePattern);
});

test("an object's key tells the objects of connectors apart, whatever the operation", () => {
  expect(objectKey({ sourceName: "shop", object: "orders" })).toBe("shop/orders");
});
