// Reads an invitation from a QR code, where the browser can by itself.

import { announce, button, el } from "../dom";
import type { Panel } from "../views/page";
import { sheet } from "./sheet";
import strings from "./words";

declare const BarcodeDetector: new (options: { formats: readonly string[] }) => {
  detect(from: HTMLVideoElement): Promise<readonly { rawValue: string }[]>;
};

/** Between two looks at the picture, in ms, and looks that wait for the page to be there again. */
const lookEvery = 200;
const patience = 10;

/**
 * What the camera shows, while the browser asks for it, and where to put what was
 * read. The question may take the focus: then the veil is drawn, and after it the
 * first screen anew.
 */
const camera: { asking: HTMLVideoElement | null; found: (text: string) => void } = { asking: null, found: () => undefined };

/** Whether the browser asks for the camera just now. */
export const scanning = (): boolean => !!camera.asking;

/** The number and the pairing code of a contact card; other texts as they are. */
export const cardText = (text: string): string => {
  const line = (name: string): string => new RegExp(`^${name}[^:\r\n]*:(.*)$`, "im").exec(text)?.[1]?.trim() ?? "";
  return text.startsWith("BEGIN:VCARD") ? [line("TEL"), line("NOTE")].filter(Boolean).join(", ") : text;
};

/** Says what the camera means before it is asked for. `found` gets what was read. */
export const scanSheet = (close: () => void, found: (text: string) => void): Panel => {
  camera.found = found;
  const status = el("p", { role: "status" });
  const video = camera.asking ?? el("video", { autoplay: true, playsinline: true, muted: true });
  const begin = button(strings.useCamera, () => {
    begin.hidden = true;
    read(video).catch(() => { announce(status, strings.noCamera, true); });
  }, { class: "primary" });
  begin.hidden = scanning();
  return sheet(close, { nodes: [el("p", {}, strings.scanHint), status, video, begin] });
};

/** Looks until a code was read or the picture has left the page: then the camera is off at once. */
const read = async (video: HTMLVideoElement): Promise<void> => {
  camera.asking = video;
  let stream: MediaStream | undefined;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    camera.asking = null;
    video.srcObject = stream;
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    for (let left = patience; video.isConnected || left > 0; left--) {
      if (video.isConnected) {
        left = 0;
        // Before there is a picture it can't look.
        const [code] = await detector.detect(video).catch(() => []);
        if (code) {
          if (document.contains(video)) camera.found(cardText(code.rawValue));
          break;
        }
      }
      await new Promise((resolve) => { setTimeout(resolve, lookEvery); });
    }
  } finally {
    camera.asking = null;
    stream?.getTracks().forEach((track) => { track.stop(); });
    video.srcObject = null;
  }
};
