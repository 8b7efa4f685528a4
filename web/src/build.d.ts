// What the build puts in. The URLs are relative to the document, so that the
// page works under a path prefix.

/** Language of this document, as in `lang`. */
declare const __LANG__: string;
/** Script module that draws QR codes. */
declare const __MORE_URL__: string;
/** Number table, see numbers.ts. */
declare const __NUMBERS_URL__: string;
/** Help sheet in this document's language, see lazy/help.ts; "-" and another language in its name is that one's. */
declare const __HELP_URL__: string;
/** Strings of every other language, by language. */
declare const __STRINGS_URLS__: Readonly<Record<string, string>>;
