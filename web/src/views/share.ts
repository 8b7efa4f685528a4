// The creator's sheet: how to get the other one in.

import strings from "#strings";
import type { App } from "../app";
import { button, el, fill, setText } from "../dom";
import { digits } from "../phone";
import { dayClock } from "../words";
import type { Panel } from "./chat";

export const sharePanel = (app: App, close: () => void): Panel => {
  const { session } = app;
  const number = app.number();
  const tel = "+" + digits(number);
  const card = `BEGIN:VCARD\r\nVERSION:3.0\r\nN:;;;;\r\nFN:\r\nTEL:${tel}\r\nEND:VCARD\r\n`;
  const sentence = el("p", { class: "sentence" });
  const status = el("p", { role: "status" });
  const until = el("p", { class: "hint" });
  const picture = el("div");

  const copy = (): void => {
    navigator.clipboard.writeText(sentence.textContent).then(
      () => { setText(status, strings.copied); },
      () => { setText(status, strings.copyByHand); },
    );
  };
  const drawCode = (): void => {
    (import(__QR_URL__) as Promise<typeof import("../lazy/qr")>).then(
      ({ draw }) => { picture.replaceChildren(draw(card, strings.qrLabel)); },
      () => { setText(status, strings.failed); },
    );
  };
  const saveCard = (): void => {
    const url = URL.createObjectURL(new Blob([card], { type: "text/vcard" }));
    follow(url, "contact.vcf");
    URL.revokeObjectURL(url);
  };

  return {
    node: el(
      "section",
      { class: "page share", "aria-label": strings.invitation },
      button(strings.close, close, { class: "end" }),
      el("h2", {}, strings.theirNumber),
      el("p", { class: "big" }, number),
      sentence,
      status,
      button(strings.copy, copy, { class: "primary" }),
      el(
        "p",
        { class: "row wrap" },
        button(strings.qr, drawCode),
        button(strings.contact, () => { follow("tel:" + tel); }),
        button(strings.card, saveCard),
        button(strings.newRef, () => void session.useCode("regate", app.engine.newRef())),
      ),
      picture,
      until,
    ),
    update() {
      const { code: ref, ttl, skew } = session.state();
      setText(sentence, fill(ref ? strings.invite : strings.inviteNumber, { number, ref }));
      setText(until, fill(strings.joinUntil, { time: dayClock(ttl - skew) }));
    },
  };
};

/** Follows a link that never is a part of the page: what it says is in nothing that can be read there. */
const follow = (href: string, download = ""): void => {
  const link = el("a");
  link.href = href;
  if (download) link.download = download;
  link.click();
};
