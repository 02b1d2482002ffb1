/** The document at `/openapi.json` and `/openapi.yaml`, and as a page to read and try at `/docs`. */
import swaggerUi from "@fastify/swagger-ui";
import type { FastifyInstance } from "fastify";
import { sendSecurityHeaders, widgetContentPolicy } from "../security-headers.ts";

/** Both are open to all: they say nothing of this deployment. */
export async function docsPage(app: FastifyInstance): Promise<void> {
  const schema = { hide: true };
  app.get("/openapi.json", { schema }, async () => app.swagger());
  app.get("/openapi.yaml", { schema }, async (_request, reply) =>
    reply.type("application/yaml").send(app.swagger({ yaml: true })),
  );
  await app.register(async (scope) => {
    sendSecurityHeaders(scope, widgetContentPolicy);
    await scope.register(swaggerUi, {
      routePrefix: "/docs",
      uiConfig: { docExpansion: "list", displayRequestDuration: true, validatorUrl: null },
      // Without the bar that asks for the URL of another document.
      theme: {
        title: "headgate HTTP API",
        css: [{ filename: "headgate.css", content: ".swagger-ui .topbar { display: none }" }],
      },
      logLevel: "warn",
    });
  });
}
