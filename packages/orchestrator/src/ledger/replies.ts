/** Shapes of what Redis answers. Made once: making a schema costs more than parsing with it. */
import { z } from "zod";

export const textReply = z.string();
export const countReply = z.number();
export const textsReply = z.array(textReply);
export const textListsReply = z.array(textsReply);
export const hashReply = z.record(z.string(), z.string());
