// The first screen: a plain page with two fields.

import strings from "#strings";
import type { App, Screen } from "../app";
import { announce, button, el, field, onEnter, show } from "../dom";
import { parseInvitation } from "../invitation";
import { later } from "../later";
import { canonicalRef } from "../ref";
import { noticeText } from "../words";
import { languageButtons } from "./language";
import { helpSheet } from "./help";
import { pinField } from "./pin";

export const openScreen = (app: App): Screen => {
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
      void fresh();
    },
  });
  const mayBeReal = el("p", { class: "hint" }, strings.mayBeReal);
  const pinHint = el("p", { class: "hint" }, strings.pinNew);
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
    button(strings.open, open, { class: "primary" }),
    el("p", { class: "row" }, strings.need, button(strings.newNumber, () => void fresh())),
    el("p", { class: "hint" }, strings.motto),
    el("p", { class: "row" }, ...languageButtons(app), ask),
  );
  const name = el("h1", { class: "page name" }, strings.title);
  const node = el("main", { class: "open" }, name, page);

  function help(): void {
    node.replaceChildren(name, helpSheet(back).node);
    node.focus();
  }

  function back(): void {
    node.replaceChildren(name, page);
    ask.focus();
  }

  const setForm = (chosen: string, ref: string): void => {
    form.number = number.value = chosen;
    form.code = code.value = ref;
    form.askCode = !!ref;
    said = "";
    pin.input.focus();
  };

  /** Fills the fields from a text with a number in it. */
  const takeInvitation = (text: string): boolean => {
    const found = parseInvitation(text);
    if (found.number) setForm(found.number, found.ref);
    return !!found.number;
  };

  const listCountries = (): void => {
    country.replaceChildren(...form.countries.map(([name, value]) => el("option", { value }, name)));
    country.value = form.country;
  };

  /** Invents a number. */
  const fresh = async (): Promise<void> => {
    try {
      const { countryNames, homeCountry, invent, loadTable } = await later();
      const table = await loadTable();
      form.country ||= homeCountry(table, navigator.languages);
      form.invented = invent(table, form.country);
      form.ownCode = app.engine.newRef();
      form.countries = countryNames(table, document.documentElement.lang);
      listCountries();
      setForm(form.invented.number, "");
    } catch {
      said = strings.failed;
    }
    update();
  };

  const made = (): boolean => form.invented?.number === form.number;

  function open(): void {
    const found = parseInvitation(number.value);
    const secret = pin.pin();
    const ref = form.askCode ? canonicalRef(code.value) : "";
    const complain = (text: string, where: HTMLElement): void => {
      said = text;
      where.focus();
    };
    if (!found.number) complain(strings.noNumber, number);
    else if (!secret) complain(strings.pinMissing, pin.input);
    // A PIN that is chosen now is a long one; one that comes back is what it is.
    else if ((made() || ref) && !/^\d{6,12}$/.test(secret)) complain(strings.pinRule, pin.input);
    else if (ref && ref.length !== 8) complain(strings.badRef, code);
    else if (session.state().phase !== "opening") {
      said = strings.opening;
      const purpose = made() ? "create" : "enter";
      session
        .start(purpose, found.number, secret, made() ? form.ownCode : ref)
        .then(
          () => { said = null; },
          () => { said = strings.failed; },
        )
        .finally(update);
    }
    update();
  }

  const update = (): void => {
    const { phase, notice, link, offline } = session.state();
    const busy = phase === "opening";
    if (notice?.say === "askRef" || notice?.say === "wrongRef") form.askCode = true;
    show(country, made());
    show(mayBeReal, made() && !!form.invented?.mayBeReal);
    show(pinHint, made() || !!form.code);
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
