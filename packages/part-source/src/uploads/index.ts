export {
  createUploadFolder,
  type ReceivedFile,
  type StoredUpload,
  type UploadFolder,
  type UploadFolderOptions,
} from "./upload-folder.ts";
