// What is loaded when it is asked for, or when it will be.

import strings from "#strings";
import { loader } from "./load";

export type Later = typeof import("./lazy/more");
export type Private = typeof import("./lazy/private");

/** The words of the later part in the language that was chosen; null while it is the document's own. */
export const spoken: { later: readonly string[] | null } = { later: null };

const load = loader<Later>(__MORE_URL__);

/** The later part, once it is there. */
export let loaded: Later | null = null;

/** The conversation, short numbers, invitations, help. */
export const later = async (): Promise<Later> => {
  loaded = await load();
  loaded.speak(strings, spoken.later);
  return loaded;
};

const loadPrivate = loader<Private>(__PRIVATE_URL__);

/** The engine of private numbers, once it is there. */
export let loadedPrivate: Private | null = null;

/** The same, loaded if it is not. */
export const laterPrivate = async (): Promise<Private> => (loadedPrivate = await loadPrivate());
