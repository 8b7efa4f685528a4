// The first screen: what one is here for, and a plain page with two fields.

import strings from "#strings";
import { findCode } from "../blind/code";
import { isRuled } from "../session/cover";
import type { Form } from "../session/form";
import { announce, button, el, field, onEnter, setText, show } from "../dom";
import { folded, parseInvitation } from "../invitation";
import { later, laterPrivate, loaded, type Later } from "../later";
import { isCalm, noticeText } from "../words";
import { languageChoice } from "./language";
import type { Page, Panel, Screen } from "./page";
import { pinField } from "./pin";

export const openScreen = (app: Page): Screen => {
  const { session } = app;
  const form = (): Form => session.state().form;
  const set = (form: Partial<Form>): void => { session.tell({ type: "form", form }); };

  // What this screen itself has to say comes before what the last session said.
  let said: string | null = null;

  const number = field("number", {
    dir: "ltr",
    inputmode: "tel",
    "aria-describedby": "for",
    input: () => {
      // Some keyboards paste without an event of pasting.
      const jump = number.value.length - form().number.length > 6;
      if (!jump || !takeInvitation(number.value)) set({ number: number.value });
      prepare();
    },
    paste: (event: ClipboardEvent) => {
      // The field would join the lines of a message before it could be read.
      const text = event.clipboardData?.getData("text/plain") ?? "";
      if ((/\p{L}/u.test(text) || !number.value) && takeInvitation(text)) event.preventDefault();
    },
    keydown: onEnter(() => { pin.input.focus(); }),
  });
  const pin = pinField(open);
  const code = field("code", {
    input: () => { set({ code: code.value }); },
    keydown: onEnter(open),
  });
  const country = el("select", {
    "aria-label": strings.country,
    change: () => {
      set({ country: country.value });
      void fresh(!!form().made?.short);
    },
  });
  const intents = ([["start", strings.newNumber], ["invited", strings.invited], ["back", strings.comeBack]] as const)
    .map(([intent, text]) => [intent, button(text, () => { choose(intent); }, { "aria-pressed": "false" })] as const);
  const intentHint = el("p", { id: "for", class: "hint" });
  const short = button(strings.shortNumber, () => void fresh(true));
  const scanner = button(strings.scan, scan);
  const pinHint = el("p", { class: "hint" }, strings.pinNew);
  const place = button("", () => {
    set({ intent: session.state().notice?.say === "askPlace" ? "invited" : "back" });
    open();
  });
  const guest = button(strings.invited, () => { set({ intent: "invited" }); });
  const codeRow = el("div", {}, el("label", { for: "code" }, strings.ref), code);
  const status = el("p", { role: "status" });
  const ask = button("?", help, { "aria-label": strings.help });
  const made = el("p", { class: "row" }, country, short);
  const fields = el(
    "div",
    { class: "page" },
    el("div", { class: "row intents", role: "group" }, ...intents.map(([, node]) => node)),
    intentHint,
    scanner,
    el("div", {}, el("label", { for: "number" }, strings.number), number),
    made,
    pin.node,
    pinHint,
    codeRow,
    status,
    place,
    guest,
    button(strings.open, open, { class: "primary" }),
  );
  const head = el("div", { class: "row" }, el("h1", { class: "name" }, strings.title), languageChoice(app), ask);
  const page = el("div", { class: "page" }, head, fields);
  const node = el("main", { class: "open" }, page);

  /** Lays a sheet over the fields. */
  function lay(sheet: (lazy: Later) => Panel): void {
    later().then(
      (lazy) => {
        page.replaceChildren(head, sheet(lazy).node);
        node.focus();
      },
      () => {
        said = strings.failed;
        update();
      },
    );
  }

  function help(): void {
    lay(({ helpSheet }) => helpSheet(back));
  }

  function scan(): void {
    lay(({ scanSheet }) => scanSheet(back, (text) => {
      back();
      said = takeInvitation(text) ? "" : strings.noNumber;
      update();
    }));
  }

  function back(): void {
    if (fields.isConnected) return;
    page.replaceChildren(head, fields);
    ask.focus();
  }

  function choose(intent: Form["intent"]): void {
    if (intent === "start") {
      void fresh(false);
      return;
    }
    if (isMade()) number.value = "";
    // The answer to a question is followed by what comes of it.
    said = session.state().notice?.say === "whose" ? null : "";
    set({ number: number.value, intent });
    (number.value ? pin.input : number).focus();
  }

  const setForm = (chosen: string, ref: string): void => {
    said = "";
    number.value = chosen;
    code.value = ref;
    set({ number: chosen, code: ref, askCode: !!ref });
    pin.input.focus();
    prepare();
  };

  /** Loads and derives what will be needed while the PIN is typed. */
  const prepare = (): void => {
    const secret = findCode(folded(form().number));
    if (secret) Promise.all([laterPrivate(), later()]).then(([engine]) => engine.prepare(secret)).catch(() => undefined);
    else if (parseInvitation(form().number).number) later().catch(() => undefined);
  };

  /** Fills the fields from a text with a number in it. Words around it invite, unless one said otherwise. */
  const takeInvitation = (text: string): boolean => {
    const flat = folded(text);
    const found = parseInvitation(text);
    // A code with a wrong digit too: the number before it is cover, and nobody's.
    const long = findCode(flat) !== "";
    if (!long && !found.number) return false;
    const { intent } = form();
    if (!intent || intent === "start") set({ intent: /\p{L}/u.test(flat) ? "invited" : "" });
    if (long) setForm(flat.replace(/\s+/g, " ").trim(), "");
    else setForm(found.number, found.ref);
    return true;
  };

  const listCountries = (): void => {
    const { countries, country: chosen } = form();
    country.replaceChildren(...countries.map(([name, value]) => el("option", { value }, name)));
    country.value = chosen;
  };

  /** Invents a number: a private one, whose code is the secret, or a short one of std-1. */
  const fresh = async (short: boolean): Promise<void> => {
    try {
      const [lazy, { newCode }] = await Promise.all([later(), laterPrivate()]);
      const whole = await lazy.loadTable();
      // The number of a private one is cover, and must never reach anybody.
      const table = short ? whole : lazy.fictions(whole);
      const chosen = form().country;
      const at = table[chosen] ? chosen : lazy.homeCountry(table, navigator.languages);
      const { number: invented, mayBeReal } = lazy.invent(table, at);
      const text = short ? invented : lazy.card(invented, newCode());
      set({
        country: at,
        countries: lazy.countryNames(table, document.documentElement.lang),
        made: { number: text, mayBeReal, short },
        ownCode: short ? lazy.newRef() : "",
        intent: "start",
      });
      listCountries();
      setForm(text, "");
    } catch {
      said = strings.failed;
    }
    update();
  };

  const isMade = (): boolean => form().made?.number === form().number;

  function open(): void {
    const text = folded(number.value);
    const secretCode = findCode(text);
    const found = parseInvitation(number.value);
    const secret = pin.pin();
    const letters = form().askCode ? code.value.replace(/[^0-9A-Z]/gi, "").toUpperCase() : "";
    const ref = letters.replace(/^.{4}/, "$&-");
    const complain = (words: string, where: HTMLElement): void => {
      said = words;
      where.focus();
    };
    if (secretCode === undefined) complain(strings.badCode, number);
    else if (!secretCode && !found.number) complain(strings.noNumber, number);
    else if (!secret) complain(strings.pinMissing, pin.input);
    // A PIN that is chosen now is a long one; one that comes back is what it is.
    else if ((isMade() || ref || secretCode) && !isRuled(secret)) complain(strings.pinRule, pin.input);
    else if (ref && letters.length !== 8) complain(strings.badRef, code);
    else if (session.state().phase !== "opening") {
      said = strings.opening;
      start(secretCode ? text : found.number, secret, secretCode ? "" : isMade() ? form().ownCode : ref, !!secretCode).then(
        () => { said = null; },
        () => { said = strings.failed; },
      ).finally(update);
    }
    update();
  }

  const start = (text: string, secret: string, ref: string, isPrivate: boolean): Promise<void> => {
    const invited = form().intent === "invited";
    const how = { purpose: isMade() ? "create" : form().intent === "back" ? "own" : "enter", number: text, pin: secret, code: ref, invited } as const;
    return session.start(async () => {
      const { gateOf, std1 } = await later();
      if (isPrivate) return { engine: (await laterPrivate()).blind, ...how, gate: null };
      return { engine: std1, ...how, gate: ref ? await gateOf(ref) : null };
    });
  };

  const update = (): void => {
    const { phase, notice, link, offline, form: entered } = session.state();
    const busy = phase === "opening";
    const fresh = isMade();
    const intent = entered.intent === "start" && !fresh ? "" : entered.intent;
    for (const [which, node] of intents) node.setAttribute("aria-pressed", String(which === intent));
    const cover = entered.made?.mayBeReal ? " " + strings.mayBeReal : "";
    const start = entered.made?.short ? strings.shortHint + cover : strings.forNew;
    const hints = { "": "", start, invited: strings.forInvited, back: strings.forBack };
    setText(intentHint, hints[intent]);
    show(intentHint, !!intent);
    show(scanner, intent === "invited" && !entered.number && "BarcodeDetector" in self);
    show(made, fresh);
    show(short, !entered.made?.short);
    const words = loaded?.words;
    const whose = notice?.say === "whose";
    const asked = (notice?.say === "askPlace" ? words?.takePlace : whose ? words?.iMadeIt : "") ?? "";
    show(guest, whose && !busy && !said);
    show(place, !!asked && !busy && !said);
    setText(place, asked);
    show(codeRow, entered.askCode);
    const trouble = offline ? strings.noNetwork : strings.reconnecting;
    const before = status.textContent;
    if (busy) announce(status, link === "down" ? trouble : strings.opening);
    else if (said !== null) announce(status, said, said !== strings.opening);
    else announce(status, notice && words ? noticeText(notice, words) : "", !!notice && !isCalm(notice));
    if (status.textContent !== before) status.scrollIntoView({ block: "nearest" });
    show(pinHint, !status.textContent && (fresh || !!entered.code || intent === "invited"));
  };

  number.value = form().number;
  code.value = form().code;
  pin.input.value = form().pin;
  pin.input.addEventListener("input", () => { set({ pin: pin.input.value }); });
  listCountries();
  // The browser's question drew the veil over it.
  if (form().intent === "invited" && loaded?.scanning()) scan();

  return { node, update, back };
};
