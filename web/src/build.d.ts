// What the build puts in. The URLs are relative to the document, so that the
// page works under a path prefix.

/** Language of this document, as in `lang`. */
declare const __LANG__: string;
/** Script modules of lazy/more.ts and lazy/private.ts. */
declare const __MORE_URL__: string;
declare const __PRIVATE_URL__: string;
/** lazy/style.css and lazy/voice.css. */
declare const __STYLE__: string;
declare const __VOICE_STYLE__: string;
/** Script module of lazy/voice.ts. */
declare const __VOICE_URL__: string;
/** Number table, see numbers.ts. */
declare const __NUMBERS_URL__: string;
/** Strings of every other language, by language. */
declare const __STRINGS_URLS__: Readonly<Record<string, string>>;
