// Says how many bytes the documents cost on the wire, and what for. What is
// served is built by go generate; this is the quick look while writing.

import { transform } from "esbuild";
import { readFileSync, readdirSync } from "node:fs";
import { brotliCompressSync } from "node:zlib";
import { bundle, root } from "./bundle.js";

/** Budget of a document: the first flight of a connection, less the headers. */
const budget = 12_900;

/** @param {string} text */
const brotli = (text) => brotliCompressSync(text).length;
/** @param {string} name */
const source = (name) => readFileSync(root + "src/" + name, "utf8");
/** @param {string} text */
const say = (text) => process.stdout.write(text + "\n");

const style = (await transform(source("style.css"), { loader: "css", minify: true })).code.trim();
const template = source("document.html").replaceAll(/\n\s*/g, "");
const languages = readdirSync(root + "src/strings").flatMap((name) => /^([a-z]+)\.json$/.exec(name)?.[1] ?? []);

for (const language of languages) {
  const { outputFiles, metafile } = await bundle(
    { entryPoints: ["src/main.ts"], platform: "browser", minify: true, legalComments: "none", metafile: true, write: false },
    language,
  );
  const script = outputFiles?.[0]?.text.trim() ?? "";
  if (language === languages[0]) {
    Object.entries(Object.values(metafile?.outputs ?? {})[0]?.inputs ?? {})
      .sort(([, a], [, b]) => b.bytesInOutput - a.bytesInOutput)
      .forEach(([name, { bytesInOutput }]) => say(`${String(bytesInOutput).padStart(6)}  ${name}`));
    say(`style ${style.length} B, ${brotli(style)} B brotli`);
  }
  const whole = template
    .replace("<!--style-->", () => `<style>${style}</style>`)
    .replace("<!--script-->", () => `<script type=module>${script}</script>`);
  const size = brotli(whole);
  say(`${language}: script ${script.length} B, ${brotli(script)} B brotli; document ${whole.length} B, ${size} B brotli of ${budget}`);
  if (size > budget) process.exitCode = 1;
  for (const part of ["more", "private"]) {
    const { outputFiles: files } = await bundle(
      {
        entryPoints: [`src/lazy/${part}.ts`],
        alias: { "#strings": "./src/lazy/words.ts", "#later": `./src/strings/later.${language}.json` },
        platform: "browser", minify: true, legalComments: "none", write: false,
      },
      language,
    );
    const text = files?.[0]?.text.trim() ?? "";
    say(`${language}: ${part} ${text.length} B, ${brotli(text)} B brotli`);
  }
}
