// The creator's sheet: how to get the other one in.

import type { App } from "../app";
import type { Kit } from "../later";
import { digits } from "../phone";
import { timeLeft } from "../session/session";
import type { Content } from "../views/sheet";
import { draw, save } from "./card";

export const share = ({ button, el, fill, setText, strings }: Kit, { engine, session }: App): Content => {
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
  const call = (): void => {
    // A link that never is a part of the page: what it says can't be read there.
    const link = el("a");
    link.href = "tel:" + tel;
    link.click();
  };

  return {
    nodes: [
      el("h2", {}, strings.theirNumber),
      el("p", { class: "big" }, el("bdi", { dir: "ltr" }, number)),
      sentence,
      status,
      button(strings.copy, copy, { class: "primary" }),
      el(
        "p",
        { class: "row start" },
        button(strings.qr, () => { picture.replaceChildren(draw(tel, strings.qrLabel)); }),
        button(strings.contact, call),
        button(strings.card, () => { save(tel); }),
        button(strings.newRef, () => void session.useCode("regate", engine.newRef())),
      ),
      picture,
      until,
    ],
    update() {
      const state = session.state();
      const ref = state.code;
      const hours = Math.max(0, Math.ceil(timeLeft(state) / 3_600_000));
      setText(sentence, fill(ref ? strings.invite : strings.inviteNumber, { number, ref }));
      setText(until, fill(strings.joinFor, { hours }));
    },
  };
};
