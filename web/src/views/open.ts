// The first screen: a plain page with two fields.

import strings from "#strings";
import { findCode } from "../blind/code";
import { isRuled } from "../cover";
import { announce, button, el, field, onEnter, setText, show } from "../dom";
import { folded, parseInvitation } from "../invitation";
import { later, laterPrivate } from "../later";
import { noticeText } from "../words";
import { languageButtons } from "./language";
import type { Page, Screen } from "./page";
import { pinField } from "./pin";

export const openScreen = (app: Page): Screen => {
  const { form, session } = app;

  // What this screen itself has to say comes before what the last session said.
  let said: string | null = null;

  const number = field("number", {
    dir: "ltr",
    inputmode: "tel",
    input: () => {
      // Some keyboards paste without an event of pasting.
      const jump = number.value.length - form.number.length > 6;
      if (!jump || !takeInvitation(number.value)) form.number = number.value;
      prepare();
      update();
    },
    paste: (event: ClipboardEvent) => {
      // The field would join the lines of a message before it could be read.
      const text = event.clipboardData?.getData("text/plain") ?? "";
      if ((/\p{L}/u.test(text) || !number.value) && takeInvitation(text)) event.preventDefault();
      update();
    },
    keydown: onEnter(() => { pin.input.focus(); }),
  });
  const pin = pinField(open);
  const code = field("code", {
    input: () => { form.code = code.value; },
    keydown: onEnter(open),
  });
  const country = el("select", {
    "aria-label": strings.country,
    change: () => {
      form.country = country.value;
      void fresh(!!form.made?.short);
    },
  });
  const mayBeReal = el("p", { class: "hint" }, strings.mayBeReal);
  const pinHint = el("p", { class: "hint" }, strings.pinNew);
  const shortHint = el("p", { class: "hint" }, strings.shortHint);
  const place = button("", () => {
    form.invited = session.state().notice?.say === "askPlace";
    open();
  });
  const codeRow = el("div", {}, el("label", { for: "code" }, strings.ref), code);
  const status = el("p", { role: "status" });
  const ask = button("?", help, { class: "end", "aria-label": strings.help });
  const page = el(
    "div",
    { class: "page" },
    el("div", {}, el("label", { for: "number" }, strings.number), number),
    country,
    mayBeReal,
    pin.node,
    pinHint,
    codeRow,
    status,
    place,
    button(strings.open, open, { class: "primary" }),
    el(
      "p",
      { class: "row" },
      strings.need,
      // Where there is no room for all of it in a row, for both of them.
      el("span", { class: "row" }, button(strings.newNumber, () => void fresh(false)), button(strings.shortNumber, () => void fresh(true))),
    ),
    shortHint,
    el("p", { class: "hint" }, strings.motto),
    el("p", { class: "row" }, ...languageButtons(app), ask),
  );
  const name = el("h1", { class: "page name" }, strings.title);
  const node = el("main", { class: "open" }, name, page);

  function help(): void {
    later().then(
      ({ helpSheet }) => {
        node.replaceChildren(name, helpSheet(back).node);
        node.focus();
      },
      () => {
        said = strings.failed;
        update();
      },
    );
  }

  function back(): void {
    node.replaceChildren(name, page);
    ask.focus();
  }

  const setForm = (chosen: string, ref: string): void => {
    form.number = number.value = chosen;
    form.code = code.value = ref;
    form.askCode = !!ref;
    form.invited = false;
    said = "";
    pin.input.focus();
    prepare();
  };

  /** Loads and derives what will be needed while the PIN is typed. */
  const prepare = (): void => {
    const secret = findCode(folded(form.number));
    if (secret) Promise.all([laterPrivate(), later()]).then(([engine]) => engine.prepare(secret)).catch(() => undefined);
    else if (parseInvitation(form.number).number) later().catch(() => undefined);
  };

  /** Fills the fields from a text with a number in it. */
  const takeInvitation = (text: string): boolean => {
    const flat = folded(text);
    // A code with a wrong digit too: the number before it is cover, and nobody's.
    if (findCode(flat) !== "") {
      setForm(flat.replace(/\s+/g, " ").trim(), "");
      form.invited = /\p{L}/u.test(flat);
      return true;
    }
    const found = parseInvitation(text);
    if (found.number) setForm(found.number, found.ref);
    return !!found.number;
  };

  const listCountries = (): void => {
    country.replaceChildren(...form.countries.map(([name, value]) => el("option", { value }, name)));
    country.value = form.country;
  };

  /** Invents a number: a private one, whose code is the secret, or a short one of std-1. */
  const fresh = async (short: boolean): Promise<void> => {
    try {
      const [lazy, { newCode }] = await Promise.all([later(), laterPrivate()]);
      const whole = await lazy.loadTable();
      // The number of a private one is cover, and must never reach anybody.
      const table = short ? whole : lazy.fictions(whole);
      if (!table[form.country]) form.country = lazy.homeCountry(table, navigator.languages);
      const { number: invented, mayBeReal } = lazy.invent(table, form.country);
      const text = short ? invented : lazy.card(invented, newCode());
      form.made = { number: text, mayBeReal, short };
      form.ownCode = short ? lazy.newRef() : "";
      form.countries = lazy.countryNames(table, document.documentElement.lang);
      listCountries();
      setForm(text, "");
    } catch {
      said = strings.failed;
    }
    update();
  };

  const made = (): boolean => form.made?.number === form.number;

  function open(): void {
    const text = folded(number.value);
    const secretCode = findCode(text);
    const found = parseInvitation(number.value);
    const secret = pin.pin();
    const ref = form.askCode ? code.value.replace(/[^0-9A-Z]/gi, "") : "";
    const complain = (words: string, where: HTMLElement): void => {
      said = words;
      where.focus();
    };
    if (secretCode === undefined) complain(strings.badCode, number);
    else if (!secretCode && !found.number) complain(strings.noNumber, number);
    else if (!secret) complain(strings.pinMissing, pin.input);
    // A PIN that is chosen now is a long one; one that comes back is what it is.
    else if ((made() || ref || secretCode) && !isRuled(secret)) complain(strings.pinRule, pin.input);
    else if (ref && ref.length !== 8) complain(strings.badRef, code);
    else if (session.state().phase !== "opening") {
      said = strings.opening;
      start(secretCode ? text : found.number, secret, secretCode ? "" : made() ? form.ownCode : ref, !!secretCode).then(
        () => { said = null; },
        () => { said = strings.failed; },
      ).finally(update);
    }
    update();
  }

  const start = async (text: string, secret: string, ref: string, isPrivate: boolean): Promise<void> => {
    const { invited } = form;
    const how = { purpose: made() ? "create" : "enter", number: text, pin: secret, code: ref, invited } as const;
    const { gateOf, std1 } = await later();
    if (isPrivate) return session.start((await laterPrivate()).blind, { ...how, gate: null });
    return session.start(std1, { ...how, gate: ref ? await gateOf(ref) : null });
  };

  const update = (): void => {
    const { phase, notice, link, offline } = session.state();
    const busy = phase === "opening";
    if (notice?.say === "askRef" || notice?.say === "wrongRef") form.askCode = true;
    show(country, made());
    show(mayBeReal, made() && !!form.made?.mayBeReal);
    show(shortHint, made() && !!form.made?.short);
    show(pinHint, made() || !!form.code || form.invited);
    const asked = notice?.say === "askPlace" ? strings.takePlace : notice?.say === "theirPin" ? strings.isMine : "";
    show(place, !!asked && !busy && !said);
    setText(place, asked);
    show(codeRow, form.askCode);
    const trouble = offline ? strings.noNetwork : strings.reconnecting;
    if (busy) announce(status, link === "down" ? trouble : strings.opening);
    else announce(status, said ?? (notice ? noticeText(notice) : ""));
  };

  number.value = form.number;
  code.value = form.code;
  pin.input.value = form.pin;
  pin.input.addEventListener("input", () => { form.pin = pin.input.value; });
  listCountries();

  return { node, update, back };
};
