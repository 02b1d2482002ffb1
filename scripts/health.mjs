/** Container health check: exit code 0 where the URL given answers with a 2xx status. */

const response = await fetch(process.argv[2]).catch(() => undefined);
process.exitCode = response?.ok ? 0 : 1;
