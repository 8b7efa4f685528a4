// Voice notes as people make them, with the browsers' own fake microphones.

import { until, words } from "./person.js";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./relay.js";

/** For `launch`: loudspeakers that need not be there, as Firefox has no time without. */
export const fakeSpeakers = { "media.cubeb.force_mock_context": true };

/** For `launch`: a microphone that beeps, and nobody who has to allow it. */
export const fakeMicrophone = {
  args: ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"],
  prefs: { ...fakeSpeakers, "media.navigator.streams.fake": true, "media.navigator.permission.disabled": true },
};

/** The words of voice notes. */
export const spoken = async (lang = "en") => JSON.parse(await readFile(join(root, "web/src/strings", `voice.${lang}.json`), "utf8"));

/** Keeps an eye on the microphone and on what is decoded. Runs in the page. */
const watch = () => {
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  Object.assign(window, { tracks: [], decoded: [] });
  navigator.mediaDevices.getUserMedia = async (what) => {
    const stream = await ask(what);
    window.tracks.push(...stream.getTracks());
    return stream;
  };
  const { decodeAudioData } = BaseAudioContext.prototype;
  BaseAudioContext.prototype.decodeAudioData = function (data) {
    window.decoded.push(new Uint8Array(data.slice()));
    return decodeAudioData.call(this, data);
  };
};

export const watched = async (person) => {
  await person.run(watch);
  return person;
};

/** States of all microphone tracks so far. */
export const tracks = (person) => person.run(() => window.tracks.map(({ readyState }) => readyState).join());

/** Presses Record, and what comes before it the first time, unless that stands there. */
export const begin = async (person, strings) => {
  if (!(await person.glimpse("button", strings.record))) await person.press(words.voiceNote);
  await until(`${person.name} to be recorded`, async () => {
    if (await person.glimpse("button", strings.stop)) return true;
    await (await person.glimpse("button", strings.record))?.click();
    return false;
  });
};

/** Resolves with the next sound that the meter shows, however short. Runs in the page. */
const sounds = () => new Promise((resolve) => {
  const meter = document.querySelector("meter");
  new MutationObserver(() => { if (meter.value > 0.01) resolve(); }).observe(meter, { attributes: true });
});

/** Records for so many seconds by the page's own count, with a sound to be seen. */
export const record = async (person, strings, seconds = 2) => {
  await begin(person, strings);
  await person.run(sounds);
  await until(`${seconds} s`, () => person.run((seconds) =>
    Number(document.querySelector("meter").nextSibling.textContent.slice(2, 4)) >= seconds, seconds));
  await person.press(strings.stop);
  await person.find(".composer button", strings.play);
};

/** Waits for a voice note that can be played, and where it is. */
export const hasNote = (person, place) =>
  until(`${person.name} to have a voice note ${place ?? ""}`, async () =>
    (await person.run(() => !!document.querySelector(".bubble:last-child .player button"))) &&
    (!place || (await person.message()).where === place));
