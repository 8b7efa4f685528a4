// How a reader has set up their browser: colours, size of text, motion. Both
// engines are told while they run.

import { until } from "./person.js";

const usual = { dark: false, forced: false, text: 100, still: false };

const features = ({ dark, forced, still }) => ({
  "prefers-color-scheme": dark ? "dark" : "light",
  "forced-colors": forced ? "active" : "none",
  "prefers-reduced-motion": still ? "reduce" : "no-preference",
});

const chromium = async (page, want) => {
  const session = await page.createCDPSession();
  await session.send("Emulation.setEmulatedMedia", {
    features: Object.entries(features(want)).map(([name, value]) => ({ name, value })),
  });
  await session.send("Page.setFontSizes", { fontSizes: { standard: want.text * 0.16 } });
  // What a session has set lasts as long as it does.
  return () => session.detach();
};

/** Firefox reads these settings at once, wherever they are changed. */
const firefox = async (browser, want) => {
  const { connection } = browser;
  const { result } = await connection.send("browsingContext.getTree", { "moz:scope": "chrome" });
  const prefs = [
    ["layout.css.prefers-color-scheme.content-override", want.dark ? 0 : 1],
    ["ui.prefersReducedMotion", want.still ? 1 : 0],
    ["font.size.variable.x-western", want.text * 0.16],
    // It does not see to the size until colours change.
    ["browser.display.document_color_use", want.forced ? 1 : 2],
    ["browser.display.document_color_use", want.forced ? 2 : 1],
  ];
  const set = prefs.map(([name, value]) => `Services.prefs.setIntPref("${name}", ${value})`);
  await connection.send("script.evaluate", {
    expression: set.join(";"),
    target: { context: result.contexts[0].context },
    awaitPromise: true,
  });
  return () => undefined;
};

/** Sets up the browser of a page: what is not named is as usual. Returns what must run before it is set up anew. */
export const wear = async (browser, page, settings = {}) => {
  const want = { ...usual, ...settings };
  const undo = browser.engine === "firefox" ? await firefox(browser.browser, want) : await chromium(page, want);
  await until("the browser to take its settings", () =>
    page.evaluate(
      (features, size) =>
        Object.entries(features).every(([name, value]) => matchMedia(`(${name}: ${value})`).matches) &&
        matchMedia(`(width: ${innerWidth / size}rem)`).matches,
      features(want),
      want.text * 0.16,
    ));
  return undo;
};
