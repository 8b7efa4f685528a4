// Chromium and Firefox as Debian packages them, each with a new profile.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

export const engines = ["chromium", "firefox"];

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

/** Starts a browser. One that is not installed is an error, not a reason to skip. */
export const launch = async (engine, size = { width: 360, height: 640 }, extra = {}) => {
  const userDataDir = await mkdtemp(join(tmpdir(), `notes-${engine}-`));
  const { args = [], ...rest } = options[engine];
  const browser = await puppeteer.launch({
    headless: true,
    protocolTimeout: 60_000,
    defaultViewport: { deviceScaleFactor: 1, ...size },
    userDataDir,
    ...rest,
    args: [...args, ...(extra.args ?? [])],
    extraPrefsFirefox: { ...rest.extraPrefsFirefox, ...extra.prefs },
  });
  return {
    engine,
    browser,
    async close() {
      await browser.close();
      await rm(userDataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
};
