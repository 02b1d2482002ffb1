/** The S3 stand-in as a program of its own: folder, access key and secret come by the environment. */
import { startS3StandIn } from "@headgate/standalone/s3-stand-in";

const { CHAOS_S3_FOLDER = "", AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = process.env;
const { url } = await startS3StandIn({
  folder: CHAOS_S3_FOLDER,
  accessKeyId: AWS_ACCESS_KEY_ID,
  secretAccessKey: AWS_SECRET_ACCESS_KEY,
});
process.stdout.write(`${JSON.stringify({ url })}\n`);
