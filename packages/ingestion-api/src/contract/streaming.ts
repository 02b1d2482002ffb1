/** Wire shapes of the streaming endpoints, `/api/v1/ingest/sources/{sourceName}/{object}`. */
import { z } from "zod";

/** Body of the upsert and of `actions/test`. */
export const streamingUpsertBody = z.strictObject({
  data: z.array(z.record(z.string(), z.unknown())).min(1),
});
/** Body of the delete; the ids may stand in the query as `?ids=a,b` instead. */
export const streamingDeleteBody = z.strictObject({ ids: z.array(z.string()).min(1) });
/** Answer of upsert and delete, with 202. */
export const acceptedWire = z.looseObject({ accepted: z.literal(true) });
