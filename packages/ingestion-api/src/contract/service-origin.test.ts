import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judgeOrigin } from "./service-origin.ts";

const strict = { allowedHostSuffixes: ["salesforce.com"] };
const local = { ...strict, loopbackScheme: "http" } as const;

describe("judgeOrigin", () => {
  it.each([
    ["x.c360a.salesforce.com", "https://x.c360a.salesforce.com"],
    ["https://x.c360a.salesforce.com", "https://x.c360a.salesforce.com"],
    ["https://x.c360a.salesforce.com/", "https://x.c360a.salesforce.com"],
    ["HTTPS://X.C360A.Salesforce.COM", "https://x.c360a.salesforce.com"],
    ["x.salesforce.com:443", "https://x.salesforce.com"],
    ["https://x.salesforce.com:443/", "https://x.salesforce.com"],
    ["salesforce.com", "https://salesforce.com"],
    ["my-org--dev.sandbox.my.salesforce.com", "https://my-org--dev.sandbox.my.salesforce.com"],
  ])("allows %s", (text, origin) => {
    expect(judgeOrigin(text, strict)).toEqual({ kind: "allowed", origin });
  });

  it.each([
    ["nothing", ""],
    ["a look-alike suffix", "evilsalesforce.com"],
    ["a look-alike suffix with scheme", "https://x.evilsalesforce.com"],
    ["the suffix as a label elsewhere", "salesforce.com.evil.com"],
    ["the suffix in a fragment", "evil.com#.salesforce.com"],
    ["the suffix in a fragment with scheme", "https://evil.com#.salesforce.com"],
    ["the suffix in a query", "https://evil.com?.salesforce.com"],
    ["the suffix in a path", "https://evil.com/.salesforce.com"],
    ["the suffix after a backslash", "https://evil.com\\.salesforce.com"],
    ["user info", "https://x.salesforce.com@evil.com"],
    ["user info before a good host", "https://user:pass@x.salesforce.com"],
    ["a percent sign", "https://evil.com%23.salesforce.com"],
    ["a line feed", "x.salesforce.com\n"],
    ["a tab inside", "x.sales\tforce.com"],
    ["a space before", " x.salesforce.com"],
    ["a full-width letter", "x.salesforce.cOm".replace("O", "\uff4f")],
    ["an ideographic full stop", "evil\u3002salesforce.com"],
    ["a path", "https://x.salesforce.com/services"],
    ["a query", "https://x.salesforce.com/?a=b"],
    ["a trailing dot", "x.salesforce.com."],
    ["an empty label", "x..salesforce.com"],
    ["a leading dot", ".salesforce.com"],
    ["a label that ends with a dash", "x-.salesforce.com"],
    ["a label of 64 characters", `${"a".repeat(64)}.salesforce.com`],
    ["a name of 254 characters", `${"a.".repeat(120)}salesforce.com`],
    ["http", "http://x.salesforce.com"],
    ["another scheme", "ftp://x.salesforce.com"],
    ["no scheme but slashes", "//x.salesforce.com"],
    ["another port", "https://x.salesforce.com:8443"],
    ["port 80", "x.salesforce.com:80"],
    ["port 0", "x.salesforce.com:0"],
    ["a port out of range", "x.salesforce.com:65536"],
    ["an IPv4 address", "https://10.0.0.1"],
    ["a metadata address", "169.254.169.254"],
    ["an IPv4 address as one number", "2130706433"],
    ["a hexadecimal IPv4 address", "0x7f000001"],
    ["a short IPv4 address", "127.1"],
    ["an IPv6 address", "https://[fe80::1]"],
    ["a mapped IPv6 address", "https://[::ffff:127.0.0.1]"],
    ["loopback", "http://127.0.0.1:8080"],
    ["loopback over https", "https://127.0.0.1"],
    ["localhost", "localhost"],
    ["loopback in IPv6", "https://[::1]"],
  ])("refuses %s", (_, text) => {
    expect(judgeOrigin(text, strict)).toMatchObject({ kind: "refused" });
  });

  it.each([
    ["127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["127.8.9.255", "http://127.8.9.255"],
    ["http://127.0.0.1:8080/", "http://127.0.0.1:8080"],
    ["https://127.0.0.1:8443", "https://127.0.0.1:8443"],
    ["localhost:3000", "http://localhost:3000"],
    ["[::1]:3000", "http://[::1]:3000"],
    ["https://localhost", "https://localhost"],
    ["x.salesforce.com", "https://x.salesforce.com"],
  ])("allows %s where plain loopback is allowed", (text, origin) => {
    expect(judgeOrigin(text, local)).toEqual({ kind: "allowed", origin });
  });

  it.each([
    ["http beyond loopback", "http://x.salesforce.com"],
    ["a port beyond loopback", "x.salesforce.com:8080"],
    ["a name that starts like loopback", "127.0.0.1.evil.com"],
    ["localhost as a label", "localhost.evil.com"],
    ["an octet out of range", "http://127.0.0.256"],
    ["an octal octet", "http://127.0.0.01"],
    ["another private address", "http://10.0.0.1:8080"],
    ["a mapped IPv6 address", "http://[::ffff:127.0.0.1]:80"],
  ])("still refuses %s", (_, text) => {
    expect(judgeOrigin(text, local)).toMatchObject({ kind: "refused" });
  });

  it("calls a bare loopback host over the scheme it is told", () => {
    expect(judgeOrigin("127.0.0.1:8443", { ...strict, loopbackScheme: "https" })).toEqual({
      kind: "allowed",
      origin: "https://127.0.0.1:8443",
    });
  });

  it("compares suffixes without case and lets a whole host stand as one", () => {
    const rules = { allowedHostSuffixes: ["Emulator", "sfdc.CL"] };
    expect(judgeOrigin("https://emulator", rules)).toMatchObject({ kind: "allowed" });
    expect(judgeOrigin("a360.aws.sfdc.cl", rules)).toMatchObject({ kind: "allowed" });
    expect(judgeOrigin("x.salesforce.com", rules)).toMatchObject({ kind: "refused" });
  });

  it("gives, for whatever text, only an origin that a URL parser reads as that allowed host", () => {
    const pieces = fc.constantFrom(
      ..."https:// http:// salesforce.com evil.com . @ # ? / \\ : 443 127.0.0.1 [ ] % a -".split(
        " ",
      ),
    );
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 6 }).map((list) => list.join("")),
        (text) => {
          const verdict = judgeOrigin(text, strict);
          if (verdict.kind === "refused") return;
          const url = new URL(verdict.origin);
          expect(url.origin).toBe(verdict.origin);
          expect(url.protocol).toBe("https:");
          expect(url.hostname).toMatch(/(^|\.)salesforce\.com$/);
        },
      ),
      { numRuns: 5000 },
    );
  });

  it("never quotes the text in its reason", () => {
    const verdict = judgeOrigin("https://user:canary@x.salesforce.com", strict);
    expect(JSON.stringify(verdict)).not.toContain("canary");
  });
});
