/** Settings of headgate.yaml in the shapes that the clients of tenants and stores take. */
import type { ConnectionConfig, LoadedConfig, SettledConfig } from "@headgate/config";
import {
  BulkError,
  type Milliseconds,
  milliseconds,
  type SlotLimits,
  seconds,
  slotWindowMarginMs,
} from "@headgate/core";
import type { TokenConnection } from "@headgate/ingestion-api";
import type { S3StoreOptions } from "@headgate/part-source";

/** How to log in to a configured connection. Throws ERR_UNKNOWN_CONNECTION for another name. */
export function tokenConnectionOf(
  { config, logins }: Pick<LoadedConfig, "config" | "logins">,
  name: string,
): { readonly login: TokenConnection; readonly ca: string | undefined } {
  const connection = config.connections[name];
  const files = logins.get(name);
  if (connection === undefined || files === undefined)
    throw new BulkError("ERR_UNKNOWN_CONNECTION", `there is no connection "${name}"`, {
      fields: { connection: name },
    });
  return {
    login: {
      loginUrl: connection.loginUrl,
      consumerKey: files.consumerKey.reveal(),
      user: connection.user,
      keyFile: connection.keyFile,
      audience: connection.audience,
      dataSpace: connection.dataSpace,
      allowedHostSuffixes: connection.allowedHosts,
      allowPlainHttpOnLoopback: connection.allowLoopback,
    },
    ca: files.ca,
  };
}

/** What is left of the time to stop is for cutting off what has not ended, and for writing it down. */
export function drainMsOf({ drainSeconds, stopSeconds }: SettledConfig["worker"]): Milliseconds {
  return seconds(Math.min(drainSeconds, (stopSeconds * 5) / 6));
}

/** The window is longer by the margin for clocks that differ. */
export function slotLimitsOf({ limits }: Pick<ConnectionConfig, "limits">): SlotLimits {
  const { windowSeconds, ...rest } = limits;
  return { ...rest, windowMs: milliseconds(seconds(windowSeconds) + slotWindowMarginMs) };
}

/** Where S3 is, and what of it may be read. */
export function s3OptionsOf({ sources: { s3 } }: Pick<SettledConfig, "sources">): S3StoreOptions {
  const { endpoint, region, pathStyle, buckets } = s3;
  return {
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(region === undefined ? {} : { region }),
    ...(pathStyle === undefined ? {} : { forcePathStyle: pathStyle }),
    ...(buckets === undefined ? {} : { allowedBuckets: buckets }),
  };
}
