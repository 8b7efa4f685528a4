// Says how many bytes the English document costs on the wire, and what for.
// The document that is served is built by go generate; this is the quick look
// while writing.

import { transform } from "esbuild";
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants } from "node:zlib";
import { bundle, root } from "./bundle.js";

/** Budget of the document, see UX: the first flight of a connection. */
const budget = 12_900;

/** @param {string} text */
const brotli = (text) =>
  brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: Buffer.byteLength(text) } }).length;
/** @param {string} name */
const source = (name) => readFileSync(root + "src/" + name, "utf8");

const { outputFiles, metafile } = await bundle({
  entryPoints: ["src/main.ts"],
  platform: "browser",
  minify: true,
  legalComments: "none",
  metafile: true,
  write: false,
});
const script = outputFiles?.[0]?.text.trim() ?? "";
const style = (await transform(source("style.css"), { loader: "css", minify: true })).code.trim();
const template = source("document.html").replaceAll(/\n\s*/g, "");
const whole = template
  .replace("<!--style-->", () => `<style>${style}</style>`)
  .replace("<!--script-->", () => `<script type=module>${script}</script>`);

const lines = Object.entries(Object.values(metafile?.outputs ?? {})[0]?.inputs ?? {})
  .map(([name, { bytesInOutput }]) => ({ name, bytesInOutput }))
  .sort((a, b) => b.bytesInOutput - a.bytesInOutput)
  .map(({ name, bytesInOutput }) => `${String(bytesInOutput).padStart(6)}  ${name}`);

const size = brotli(whole);
process.stdout.write(
  [
    ...lines,
    `script ${script.length} B, ${brotli(script)} B brotli`,
    `style ${style.length} B, ${brotli(style)} B brotli`,
    `document ${whole.length} B, ${size} B brotli of ${budget}`,
    "",
  ].join("\n"),
);
process.exitCode = size > budget ? 1 : 0;
