/** The stores that source objects lie in, for all connections together. */
import type { SettledConfig } from "@headgate/config";
import {
  createFileStore,
  createPartSource,
  createS3Store,
  type PartSource,
  type S3StoreOptions,
} from "@headgate/part-source";
import { s3OptionsOf } from "./from-config.ts";

/** Opens S3 and, where a folder is named for them, files; `close` releases both. */
export function openSources(
  config: Pick<SettledConfig, "sources">,
  credentials: S3StoreOptions["credentials"],
): PartSource {
  const s3 = createS3Store({
    ...s3OptionsOf(config),
    ...(credentials === undefined ? {} : { credentials }),
  });
  const { filesRoot, uploads } = config.sources;
  const roots = [filesRoot, uploads?.folder].filter((root) => root !== undefined);
  const files = roots.length === 0 ? {} : { files: createFileStore({ roots }) };
  const source = createPartSource({ s3, ...files });
  return {
    ...source,
    async close() {
      await source.close();
      s3.close();
    },
  };
}
