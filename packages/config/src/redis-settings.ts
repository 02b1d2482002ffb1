/** Reads the secrets of the section `redis`, which may lie in files. */
import { Secret } from "@headgate/core";
import type { Fault } from "./fault.ts";
import type { SettledConfig } from "./loaded-config.ts";
import { type HeadgateConfig, isRedisUrl, signingKeyRule } from "./schema.ts";
import { readSecret } from "./secret-file.ts";
import type { SecretFile } from "./setting-kinds.ts";

/** The section with its secrets read, or all that is wrong with them. */
export function settleRedis(
  redis: HeadgateConfig["redis"],
): SettledConfig["redis"] | readonly Fault[] {
  const { url, signingKey, acceptedKeys, ...rest } = redis;
  const settledUrl = read(url, ["redis", "url"], {
    accepts: isRedisUrl,
    problem: "must hold a redis://, rediss:// or unix:///path URL",
  });
  const settledKey = signingKey && read(signingKey, ["redis", "signingKey"], keyInFile);
  const settledKeys = (acceptedKeys ?? []).map((key, index) =>
    read(key, ["redis", "acceptedKeys", index], keyInFile),
  );
  const keys = settledKey === undefined ? [] : [settledKey];
  const faults = [settledUrl, ...keys, ...settledKeys].flatMap(faultIn);
  if (faults.length > 0 || !(settledUrl instanceof Secret)) return faults;
  return {
    ...rest,
    url: settledUrl,
    ...(settledKey instanceof Secret ? { signingKey: settledKey } : {}),
    acceptedKeys: settledKeys.flatMap((key) => (key instanceof Secret ? [key] : [])),
  };
}

function faultIn(settled: Secret | Fault): readonly Fault[] {
  return settled instanceof Secret ? [] : [settled];
}

const keyInFile = {
  accepts: (text: string) => signingKeyRule.pattern.test(text),
  problem: signingKeyRule.problem,
};

function read(
  setting: Secret | SecretFile,
  path: Fault["path"],
  rule: { readonly accepts: (text: string) => boolean; readonly problem: string },
): Secret | Fault {
  const secret = readSecret(setting, path);
  if (!(secret instanceof Secret) || rule.accepts(secret.reveal())) return secret;
  return { path: [...path, "file"], message: rule.problem };
}
