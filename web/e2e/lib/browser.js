// Chromium and Firefox as Debian packages them, each with a new profile.

import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

export const engines = ["chromium", "firefox"];

// However slow the machine: what never comes is to fail, not what is late.
const patience = 180_000;

const options = {
  chromium: {
    browser: "chrome",
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox", // tests run as root in containers
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--disable-extensions",
      "--lang=en-GB",
    ],
  },
  firefox: {
    browser: "firefox",
    executablePath: "/usr/bin/firefox-esr",
    // Lets tests change settings while it runs.
    args: ["-remote-allow-system-access"],
    extraPrefsFirefox: {
      "intl.accept_languages": "en-GB, en",
      // Nothing but the page may talk to anybody.
      "app.normandy.enabled": false,
      "browser.region.network.url": "",
      "browser.safebrowsing.downloads.enabled": false,
      "browser.safebrowsing.malware.enabled": false,
      "browser.safebrowsing.phishing.enabled": false,
      "datareporting.healthreport.uploadEnabled": false,
      "network.captive-portal-service.enabled": false,
      "network.connectivity-service.enabled": false,
      "services.settings.server": "data:,",
      "toolkit.telemetry.unified": false,
    },
  },
};

/** Surroundings in which a program keeps everything within one folder. */
const confined = async (home) => {
  const names = ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"];
  const env = Object.fromEntries(names.map((name) => [name, join(home, name)]));
  for (const folder of Object.values(env)) await mkdir(folder, { recursive: true });
  return { ...process.env, ...env };
};

/**
 * Starts a browser. One that is not installed is an error, not a reason to skip.
 * With `extra.home` all that it keeps is in that folder, which is the caller's
 * to remove.
 */
export const launch = async (engine, size = { width: 360, height: 640 }, extra = {}) => {
  const folder = extra.home ?? (await mkdtemp(join(tmpdir(), `notes-${engine}-`)));
  const userDataDir = join(folder, "profile");
  await mkdir(userDataDir, { recursive: true });
  const { args = [], ...rest } = options[engine];
  const browser = await puppeteer.launch({
    headless: true,
    timeout: patience,
    protocolTimeout: patience,
    defaultViewport: { deviceScaleFactor: 1, ...size },
    userDataDir,
    env: extra.home ? await confined(folder) : process.env,
    ...rest,
    ignoreDefaultArgs: extra.without ?? false,
    args: [...args, ...(extra.args ?? [])],
    extraPrefsFirefox: { ...rest.extraPrefsFirefox, ...extra.prefs },
  });
  // It leads a process group of its own.
  const signal = (name) => process.kill(-browser.process().pid, name);
  return {
    engine,
    browser,
    async newPage() {
      const page = await browser.newPage();
      page.setDefaultTimeout(patience);
      return page;
    },
    async close() {
      await browser.close();
      // What belonged to it may still write something on its way out.
      if (!extra.home) await rm(folder, { recursive: true, force: true, maxRetries: 30 });
    },
    /** Ends it, if it still runs, as a phone does that has no memory left: all of its processes at once. */
    async kill() {
      const { exitCode, signalCode } = browser.process();
      if (exitCode !== null || signalCode !== null) return;
      const exited = once(browser.process(), "exit");
      signal("SIGKILL");
      await exited;
    },
    /** Stops all of its processes where they are. */
    sleep: () => signal("SIGSTOP"),
    wake: () => signal("SIGCONT"),
  };
};
