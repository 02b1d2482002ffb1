/** Says what was read, and what in it a person should know of. */
import { type LoadedConfig, signingKeysOf } from "@headgate/config";
import { type Check, ok, warn } from "./check.ts";

/** A key that ends within so many days is told of. */
const noticeDays = 14;
const dayMs = 24 * 3600 * 1000;

/** The configuration is valid, or it would not be here. `now` is our clock. */
export function configChecks(loaded: LoadedConfig, now: number): readonly Check[] {
  return [
    settingsCheck(loaded),
    schemasCheck(loaded),
    clientsCheck(loaded, now),
    sealsCheck(loaded),
  ];
}

function settingsCheck({ config: { connections, schedules, clients } }: LoadedConfig): Check {
  const counts = Object.entries({ connections, schedules, clients }).map(
    ([section, entries]) => `${section} ${Object.keys(entries).length}`,
  );
  return ok({ id: "config", title: "Configuration" }, counts.join(", "));
}

function sealsCheck({ config }: LoadedConfig): Check {
  const name = { id: "config.seals", title: "Seals of records" };
  const [first, ...others] = signingKeysOf(config.redis);
  if (first === undefined)
    return warn(
      name,
      "records in Redis are not sealed: whoever can write to it can have any file loaded",
      "set redis.signingKey, the same for API and workers; docs/security.md says how to begin",
    );
  return ok(
    name,
    others.length === 0 ? "by one key" : `by one key; ${others.length} more accepted`,
  );
}

function schemasCheck({ catalogues }: LoadedConfig): Check {
  const name = { id: "config.schemas", title: "Connector schemas" };
  const all = [...catalogues].flatMap(([connection, catalogue]) =>
    [...catalogue].map(([sourceName, objects]) => ({
      place: `${connection}/${sourceName}`,
      objects,
    })),
  );
  const unchecked = all.filter(({ objects }) => objects === "unchecked");
  if (unchecked.length > 0)
    return warn(
      name,
      `columns are not checked for ${unchecked.map(({ place }) => place).join(", ")}`,
      "set schema to the connector's OpenAPI YAML: a missing column becomes null, one too many is dropped, both in silence",
    );
  return ok(name, all.map(({ place }) => place).join(", "));
}

function clientsCheck({ config: { clients, jwt }, ...loaded }: LoadedConfig, now: number): Check {
  const name = { id: "config.clients", title: "Clients" };
  const names = Object.keys(clients);
  if (names.length === 0)
    return warn(
      name,
      "there is no client: nobody can use the HTTP API",
      "headgate api-key new NAME, and put what it prints under clients",
    );
  const shut = names.filter((client) => {
    const { keys = [], subject } = loaded.clients.get(client) ?? {};
    const byJwt = jwt !== undefined && subject !== undefined;
    return !byJwt && keys.every(({ expires = Infinity }) => expires <= now);
  });
  if (shut.length > 0)
    return warn(name, `no key of ${shut.join(", ")} is valid`, "headgate api-key new NAME");
  const soon = names.filter((client) =>
    (loaded.clients.get(client)?.keys ?? []).some(
      ({ expires = Infinity }) => expires > now && expires < now + noticeDays * dayMs,
    ),
  );
  if (soon.length > 0)
    return warn(
      name,
      `a key of ${soon.join(", ")} ends within ${noticeDays} days`,
      "add a second key with headgate api-key new NAME, move its users over, then remove the old one",
    );
  return ok(name, names.join(", "));
}
