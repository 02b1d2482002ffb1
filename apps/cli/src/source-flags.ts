/** How the URIs of a command line name the source objects of a load. */
import { CliError } from "./errors.ts";

/** The `source` property of a load request. */
export type SourceRequest =
  | { readonly uri: string }
  | { readonly prefix: string; readonly suffix?: string }
  | { readonly glob: string }
  | { readonly keys: readonly string[] }
  | { readonly manifest: string };

/**
 * Several URIs are objects in this order; one that ends with "/", or comes with a suffix, is a
 * prefix; one with `*`, `?`, `[` or `{` is a glob; any other is an object or the folder of this
 * name. Throws CliError (usage) for flags that do not go together.
 */
export function parseSource(
  uris: readonly string[],
  flags: { readonly suffix?: string; readonly manifest: boolean },
): SourceRequest {
  const [uri, ...more] = uris;
  if (uri === undefined) throw new CliError("usage", "a load needs a URI");
  const { suffix, manifest } = flags;
  if (manifest && suffix !== undefined)
    throw new CliError("usage", "--manifest and --suffix do not go together");
  if (more.length > 0) {
    if (manifest || suffix !== undefined)
      throw new CliError("usage", "--manifest and --suffix need exactly one URI");
    const notOne = uris.find((each) => each.endsWith("/") || isGlob(each));
    if (notOne !== undefined)
      throw new CliError("usage", `several URIs must each be one object: ${notOne} is not`);
    return { keys: uris };
  }
  if (manifest) return { manifest: uri };
  if (suffix !== undefined && isGlob(uri))
    throw new CliError("usage", "--suffix needs a prefix, not a glob");
  if (suffix !== undefined) return { prefix: uri, suffix };
  if (isGlob(uri)) return { glob: uri };
  return uri.endsWith("/") ? { prefix: uri } : { uri };
}

/** Whether it names something by a scheme, rather than a file of this machine. */
export function isUri(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
}

function isGlob(uri: string): boolean {
  return /[*?[{]/.test(uri);
}
