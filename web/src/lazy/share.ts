// The creator's sheet: how to get the other one in.

import { card, dialled, readCard } from "../blind/card";
import { announce, button, el, fill, setText, show } from "../dom";
import { digits } from "../phone";
import { gateOf, newRef } from "../std1";
import type { Content, Page } from "../views/page";
import { contact, draw, save } from "./card";
import { day } from "./lock";
import strings from "./words";

export const share = ({ session }: Page): Content => {
  const entered = session.number();
  const { number: cover, code } = readCard(entered);
  const isPrivate = !!session.state().blind;
  const number = isPrivate ? card(cover, code) : entered;
  const tel = isPrivate ? dialled(cover, code) : "+" + digits(number);
  const renew = async (): Promise<void> => {
    const ref = newRef();
    session.tell({ type: "regate", code: ref, gate: await gateOf(ref) });
  };
  const sentence = el("p", { class: "sentence" });
  const status = el("p", { role: "status" });
  const until = el("p", { class: "hint" });
  const picture = el("div");

  // Who taps an address has it in their history: it goes along only when that is wanted.
  const here = location.host + location.pathname.replace(/\/$/, "");
  const tellAddress = el("input", { type: "checkbox", change: () => { update(); } });
  const address = (): string => (tellAddress.checked ? here : "");
  const paint = (): void => {
    picture.replaceChildren(draw(contact(tel, session.state().code, address()), strings.qrLabel));
  };

  const copy = (): void => {
    navigator.clipboard.writeText(sentence.textContent).then(
      () => { setText(status, strings.copied); },
      () => { setText(status, strings.copyByHand); },
    );
  };

  const send = (): void => {
    navigator.share({ text: sentence.textContent }).catch((error: unknown) => {
      // To change one's mind is no failure.
      if (!(error instanceof DOMException && error.name === "AbortError")) announce(status, strings.copyByHand, true);
    });
  };
  const canShare = "share" in navigator;
  const out = [
    ...(canShare ? [button(strings.share, send, { class: "primary" })] : []),
    button(strings.copy, copy, { class: canShare ? "" : "primary" }),
  ];

  const update = (): void => {
    const state = session.state();
    const ref = state.code;
    const ends = state.ttl - state.skew;
    const before = sentence.textContent;
    // What was sent may still be good, but is not known here: a new code would end it.
    const known = isPrivate || !!ref;
    const invitation = fill(isPrivate ? strings.inviteNumber : strings.invite, { number, ref }) + (address() && ` (${address()})`);
    setText(sentence, known ? invitation : state.met ? strings.refAgain : strings.refUnknown);
    for (const node of out) show(node, known);
    if (picture.firstChild && before !== sentence.textContent) paint();
    setText(until, fill(strings.joinFor, { time: day(ends) }));
    // If it should be over and is not, this phone's clock is wrong.
    show(until, ends > state.at);
  };

  return {
    nodes: [
      el("h2", {}, strings.theirNumber),
      el("p", { class: "big" }, el("bdi", { dir: "ltr" }, number)),
      sentence,
      status,
      ...out,
      el(
        "p",
        { class: "row start" },
        button(strings.qr, () => {
          paint();
          picture.scrollIntoView({ block: "nearest" });
        }),
        // Links that never are a part of the page: what they say can't be read there.
        button(strings.contact, () => { el("a", { href: "tel:" + tel }).click(); }),
        button(strings.card, () => { save(tel); }),
        ...(isPrivate ? [] : [button(strings.newRef, () => void renew())]),
      ),
      picture,
      el("label", { class: "row" }, strings.withAddress, tellAddress),
      until,
    ],
    update,
  };
};
