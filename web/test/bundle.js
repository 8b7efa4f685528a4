// Bundles sources for Node with what the build would put in.

import { build } from "esbuild";

export const root = new URL("..", import.meta.url).pathname;

const define = Object.fromEntries(
  Object.entries({
    __LANG__: "en",
    __MORE_URL__: "./more-00000000.js",
    __PRIVATE_URL__: "./rest-00000000.js",
    __STYLE__: "",
    __VOICE_STYLE__: "",
    __VOICE_URL__: "./side-00000000.js",
    __NUMBERS_URL__: "./numbers-00000000.json",
    __STRINGS_URLS__: { en: "./strings-en-00000000.json", sw: "./strings-sw-00000000.json" },
  }).map(([name, value]) => [name, JSON.stringify(value)]),
);

/**
 * @param {import("esbuild").BuildOptions} options
 * @param {string} language
 */
export const bundle = (options, language = "en") =>
  build({
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    target: "es2022",
    charset: "utf8",
    define,
    alias: { "#strings": `./src/strings/${language}.json`, "#later": `./src/strings/later.${language}.json` },
    logLevel: "warning",
    tsconfigRaw: "{}",
    ...options,
  });
