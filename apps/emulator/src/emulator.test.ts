import { request } from "node:https";
import { seconds } from "@headgate/core";
import { expect, it, onTestFinished } from "vitest";
import { startCaller } from "./emulator.test-support.ts";
import { startEmulator } from "./emulator.ts";

/** For these tests only; issued to localhost by itself. */
const tls = {
  cert: `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUKLrB2HNOna4tfBvrXd1x7oTE5OcwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNDA2NTY0MFoYDzIxMjYxMDMx
MDY1NjQwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARe43oU5SkHko6+7Yxc/IfU3ZhYvcnGZY+aubsVevJ3EuT5jFd9x/vn
kriBZJ0iFzd5QfcdnEywKEBfIRC3bLoXo28wbTAdBgNVHQ4EFgQUyK46S7b6qC7p
dZcXAIcFAeVcexAwHwYDVR0jBBgwFoAUyK46S7b6qC7pdZcXAIcFAeVcexAwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhAKLMqqObXpgy1FsaGos6/hsQ4wJrxIOBlLJRBhEgTDdGAiBW
O3JttGfOS6kpSqqoTf71DQ8mW0zVWd/6aDcn+FyUVA==
-----END CERTIFICATE-----
`,
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgpF/606E97Ask1x9l
Rstqs/cq5Q0Q1/PAXbvLp7+QQgKhRANCAARe43oU5SkHko6+7Yxc/IfU3ZhYvcnG
ZY+aubsVevJ3EuT5jFd9x/vnkriBZJ0iFzd5QfcdnEywKEBfIRC3bLoX
-----END PRIVATE KEY-----
`,
};

it("speaks HTTPS with a given certificate", async () => {
  const emulator = await startEmulator({ tls });
  onTestFinished(() => emulator.close());
  expect(emulator.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const status = await new Promise((resolve, reject) => {
    request(`${emulator.url}/__emulator/limits`, { ca: tls.cert }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once("error", reject)
      .end();
  });
  expect(status).toBe(200);
});

it("closes at once while calls hang", async () => {
  const emulator = await startEmulator({ faults: [{ kind: "timeout", route: "login" }] });
  const login = fetch(`${emulator.url}/services/oauth2/token`, { method: "POST" });
  const outcome = expect(login).rejects.toThrow();
  while (emulator.control.requests().length === 0) {
    await fetch(`${emulator.url}/__emulator/limits`);
  }
  await emulator.close();
  await outcome;
});

it("dates every answer by its own clock", async () => {
  const { call, emulator } = await startCaller({
    faults: [{ kind: "error", route: "list", status: 500 }],
  });
  emulator.clock.advance(seconds(7 * 24 * 3600));
  const theirTime = new Date(emulator.clock.now()).toUTCString();
  for (const [method, path, status] of [
    ["GET", "/api/v1/ingest/jobs", 500],
    ["GET", "/api/v1/ingest/jobs", 401],
    ["POST", "/services/oauth2/token", 400],
    ["GET", "/nowhere", 404],
    ["GET", "/__emulator/state", 200],
    ["DELETE", "/__emulator/faults", 204],
  ] as const) {
    const answer = await call(method, path);
    expect([path, answer.status, answer.headers.get("date")]).toEqual([path, status, theirTime]);
  }
});
