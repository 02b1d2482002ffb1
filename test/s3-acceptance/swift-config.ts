/** Configuration of a one-machine Swift with its S3 API, all of it inside one folder. */
import { userInfo } from "node:os";

/** Ports on 127.0.0.1, one a server. */
export interface SwiftPorts {
  readonly proxy: number;
  readonly account: number;
  readonly container: number;
  readonly object: number;
  readonly memcached: number;
}

export const storageServers = ["account", "container", "object"] as const;
export type StorageServer = (typeof storageServers)[number];

/** Name of the one device of the rings: a folder below `devices`. */
export const device = "device";

/** Text of each file, by its name in the folder. */
export function swiftConfig(
  folder: string,
  ports: SwiftPorts,
  secret: string,
): Record<string, string> {
  const files: Record<string, string> = {
    "swift.conf": ini({
      "swift-hash": { swift_hash_path_prefix: "headgate", swift_hash_path_suffix: "acceptance" },
      "storage-policy:0": { name: "one-copy", default: "yes" },
    }),
    "proxy.conf": ini({
      DEFAULT: server(folder, ports.proxy),
      "pipeline:main": {
        pipeline:
          "catch_errors healthcheck cache listing_formats s3api tempauth copy slo dlo proxy-server",
      },
      "app:proxy-server": { use: "egg:swift#proxy", account_autocreate: "true" },
      "filter:catch_errors": { use: "egg:swift#catch_errors" },
      "filter:healthcheck": { use: "egg:swift#healthcheck" },
      "filter:cache": {
        use: "egg:swift#memcache",
        memcache_servers: `127.0.0.1:${ports.memcached}`,
      },
      "filter:listing_formats": { use: "egg:swift#listing_formats" },
      "filter:s3api": { use: "egg:swift#s3api", location: "us-east-1", s3_acl: "false" },
      "filter:tempauth": { use: "egg:swift#tempauth", user_demo_admin: `${secret} .admin` },
      "filter:copy": { use: "egg:swift#copy" },
      "filter:slo": { use: "egg:swift#slo" },
      "filter:dlo": { use: "egg:swift#dlo" },
    }),
  };
  for (const name of storageServers) {
    files[`${name}.conf`] = ini({
      DEFAULT: {
        ...server(folder, ports[name]),
        devices: `${folder}/devices`,
        mount_check: "false",
      },
      "pipeline:main": { pipeline: `${name}-server` },
      [`app:${name}-server`]: { use: `egg:swift#${name}` },
    });
  }
  return files;
}

function server(folder: string, port: number): Record<string, string> {
  return {
    bind_ip: "127.0.0.1",
    bind_port: String(port),
    user: userInfo().username,
    swift_dir: folder,
    workers: "0",
    log_level: "ERROR",
  };
}

function ini(sections: Readonly<Record<string, Readonly<Record<string, string>>>>): string {
  return Object.entries(sections)
    .map(([name, settings]) => {
      const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}`);
      return `[${name}]\n${lines.join("\n")}\n`;
    })
    .join("\n");
}
