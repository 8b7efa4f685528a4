import { button, el, fill, setText } from "./dom";
import strings from "#strings";

/** What the document lends to its other part, so that no phone loads it twice. */
export const kit = { button, el, fill, setText, strings };

export type Kit = typeof kit;
export type Later = typeof import("./lazy/more");

let failed = 0;

/** What is loaded when it is asked for. Rejects without network; may be tried again then. */
export const later = async (): Promise<Later> => {
  // Firefox remembers an address that it could not import from, for as long as
  // the document lives.
  const address = failed ? `${__MORE_URL__}?${failed}` : __MORE_URL__;
  try {
    return (await import(address)) as Later;
  } catch (error) {
    failed++;
    throw error;
  }
};
