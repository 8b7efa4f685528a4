// The creator's sheet: how to get the other one in.

import strings from "#strings";
import type { App } from "../app";
import { button, el, fill, setText } from "../dom";
import { digits } from "../phone";
import { later } from "../later";
import { timeLeft } from "../session/session";
import type { Panel } from "./chat";

export const sharePanel = (app: App, close: () => void): Panel => {
  const { session } = app;
  const number = session.number();
  const tel = "+" + digits(number);
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
  const withCard = (use: (card: Awaited<ReturnType<typeof later>>) => void) => () => {
    later().then(use, () => { setText(status, strings.failed); });
  };
  const call = (): void => {
    // A link that never is a part of the page: what it says can't be read there.
    const link = el("a");
    link.href = "tel:" + tel;
    link.click();
  };

  return {
    node: el(
      "div",
      { class: "page share" },
      button(strings.close, close, { class: "end" }),
      el("h2", {}, strings.theirNumber),
      el("p", { class: "big" }, el("bdi", { dir: "ltr" }, number)),
      sentence,
      status,
      button(strings.copy, copy, { class: "primary" }),
      el(
        "p",
        { class: "row start" },
        button(strings.qr, withCard(({ draw }) => { picture.replaceChildren(draw(tel, strings.qrLabel)); })),
        button(strings.contact, call),
        button(strings.card, withCard(({ save }) => { save(tel); })),
        button(strings.newRef, () => void session.useCode("regate", app.engine.newRef())),
      ),
      picture,
      until,
    ),
    update() {
      const state = session.state();
      const ref = state.code;
      const hours = Math.max(0, Math.ceil(timeLeft(state) / 3_600_000));
      setText(sentence, fill(ref ? strings.invite : strings.inviteNumber, { number, ref }));
      setText(until, fill(strings.joinFor, { hours }));
    },
  };
};
