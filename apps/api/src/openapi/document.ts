/** The OpenAPI 3.1 document, made of the very schemas that requests are checked against. */
import swagger from "@fastify/swagger";
import type { FastifyInstance } from "fastify";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import { refine } from "./refine-document.ts";

const description = `Brings bulk loads of CSV files into Salesforce Data Cloud.

Every failing answer is problem details (RFC 9457); branch on \`code\`. [All problems](/problems).
Every answer has an \`x-request-id\`, the client's own where it sent a plain one. Answers may get
further properties; requests with unknown ones are refused.`;

/** Registers what gathers the document; before the routes that it describes. */
export async function gatherDocument(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "headgate",
        version,
        description,
        license: { name: "MIT", identifier: "MIT" },
      },
      servers: [{ url: "/" }],
      tags: [
        { name: "loads", description: "requests to bring files into an object" },
        { name: "files", description: "files that clients send" },
        { name: "errands", description: "work that a worker does for the asking" },
        { name: "schedules", description: "what starts runs by the clock" },
        { name: "runs", description: "runs of schedules" },
        { name: "quota", description: "what the tenants' limits leave" },
        { name: "bulk-jobs", description: "bulk jobs in the tenants" },
        { name: "events", description: "what happens, as it happens" },
        { name: "login", description: "who the client is" },
        { name: "health", description: "for probes; without a login" },
      ],
      security: [{ bearer: [] }],
      components: {
        securitySchemes: {
          bearer: { type: "http", scheme: "bearer", description: "an API key, or a JWT" },
        },
      },
    },
    transform: (route) => withScopes(jsonSchemaTransform(route), route.route.config?.scopes),
    transformObject: (document) => refine(jsonSchemaTransformObject(document)),
  });
}

type Transformed = ReturnType<typeof jsonSchemaTransform>;

function withScopes(
  { schema, url }: Transformed,
  scopes: readonly string[] | "any" = "any",
): Transformed {
  if (scopes === "any" || schema === undefined) return { schema, url };
  const { description = "" } = schema as { description?: string };
  const needs = scopes.map((scope) => `\`${scope}\``).join(" or ");
  return {
    schema: { ...schema, description: `${description} Needs the scope ${needs}.` } as never,
    url,
  };
}
