/** URLs as they may be shown. */

/** The URL without what may be secret: user, password, query. */
export function withoutLogin(url: string): string {
  const { origin, pathname } = new URL(url);
  return pathname === "/" ? origin : origin + pathname;
}
