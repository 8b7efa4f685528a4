// The page as a whole: which screen is shown, and when all of it is hidden or
// forgotten.

import { coverDue, coverStep, idleChoices, uncovered, type CoverEvent } from "./cover";
import { atDesk } from "./dom";
import { createSession } from "./socket";
import strings from "#strings";
import { loaded, loadedPrivate } from "./later";
import { curtainScreen, veilScreen } from "./views/curtain";
import { openScreen } from "./views/open";
import type { Form, Page, Screen } from "./views/page";

const blank: Readonly<Form> = {
  number: "", pin: "", code: "", askCode: false, intent: "", countries: [], country: "", made: null, ownCode: "",
};

const usual = { idle: idleChoices[0] as number, mark: false };

const screens = { open: openScreen, veil: veilScreen, curtain: curtainScreen };

/** Longer timers fire at once. */
const longestTimer = 2 ** 31 - 1;

/** Two presses of Esc or three taps on the name within this time are a panic, in ms. */
const panicWithin = 800;

/** Tells whether an event is the last of so many in short time. */
const inARow = (count: number) => {
  let times: number[] = [];
  return ({ timeStamp }: Event): boolean => {
    times = [...times, timeStamp].slice(-count);
    return times.length === count && timeStamp - (times[0] ?? 0) < panicWithin;
  };
};

export const startApp = (): void => {
  let cover = coverStep(uncovered, "start", Date.now(), usual.idle);
  let coverTimer = 0;
  let lifting = false;
  let shown = "";
  let screen: Screen = veilScreen();
  const form: Form = { ...blank };

  const changed = (): void => {
    const { phase, slot, seen, attention, hidden, strict } = session.state();
    const now = Date.now();
    const over = cover.kind === "forget";
    if (over || (cover.kind === "curtain" && phase === "open")) {
      // On the first screen there is no PIN that could lift a curtain. What has to
      // be said of what ended meanwhile stays to be read.
      Object.assign(form, blank);
      loadedPrivate?.unprepare();
      Object.assign(app.settings, usual);
      cover = coverStep(uncovered, "start", now, usual.idle);
      shown = "";
      if (over) {
        session.tell({ type: "leave" });
        return;
      }
    }
    const inside = phase === "in" || phase === "gone";
    if (inside) Object.assign(form, blank);
    const { kind } = cover;
    const want = kind === "veil" || kind === "curtain" ? kind : inside ? "chat" : "open";
    if (want !== shown) {
      shown = want;
      const first = !screen.node.isConnected;
      // Nobody is in before the conversation's part is loaded.
      screen = want !== "chat" ? screens[want](app) : loaded ? loaded.chatScreen(app) : veilScreen();
      screen.node.tabIndex = -1;
      // What it begins with is no news. What it has to say comes when it is there.
      screen.update();
      document.body.replaceChildren(screen.node);
      setTimeout(changed, 100);
      // With a keyboard one goes on where one writes; on a phone it would come up by itself.
      const field = atDesk() ? screen.node.querySelector<HTMLElement>("textarea, .page input") : null;
      // Taking the focus costs a layout, which the first paint need not wait for.
      if (!first) (field ?? screen.node).focus();
    } else screen.update();
    clearTimeout(coverTimer);
    const idle = app.settings.idle;
    coverTimer = setTimeout(covering, Math.min(Math.max(0, coverDue(cover, idle, strict) - now), longestTimer), "tick");
    const looking = !!screen.log?.() && !document.hidden && document.hasFocus();
    if (looking !== attention) session.tell({ type: "attention", on: looking });
    const away = document.hidden || cover.kind === "curtain";
    if (away !== hidden) session.tell({ type: "hidden", on: away });
    const news = app.settings.mark && slot && !slot.mine && !slot.read && seen !== slot.id;
    const title = (news ? "• " : "") + strings.title;
    if (document.title !== title) document.title = title;
  };

  const covering = (event: CoverEvent): void => {
    const before = cover.kind;
    cover = coverStep(cover, event, Date.now(), app.settings.idle, session.state().strict);
    if (cover.kind !== before || event === "tick") changed();
  };

  const session = createSession(changed);

  const app: Page = {
    session,
    form,
    settings: { ...usual },
    cover: () => cover,
    hide() {
      covering("hide");
    },
    lift(pin) {
      if (lifting) return false;
      lifting = true;
      void session.isPin(pin).then((right) => {
        lifting = false;
        if (right === undefined) return;
        covering(right ? "right" : "wrong");
        screen.update();
      });
      return true;
    },
    forget() {
      cover = { ...uncovered, kind: "forget" };
      changed();
    },
    redraw() {
      shown = "";
      changed();
    },
    changed,
  };

  const escapes = inARow(2);
  const taps = inARow(3);

  addEventListener("keydown", (event) => {
    covering("active");
    if (event.key !== "Escape") return;
    if (escapes(event)) app.forget();
    else screen.back?.();
  });
  addEventListener("pointerdown", () => {
    covering("active");
  });
  addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.matches(".name") && taps(event)) app.forget();
  });
  addEventListener("blur", () => {
    covering("blur");
    changed();
  });
  addEventListener("focus", () => {
    covering("focus");
    changed();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) covering("hide");
    else session.tell({ type: "check" });
  });
  addEventListener("online", () => {
    session.tell({ type: "net", online: true });
  });
  addEventListener("offline", () => {
    session.tell({ type: "net", online: false });
  });
  addEventListener("pagehide", () => {
    app.forget();
    document.body.replaceChildren();
  });
  addEventListener("pageshow", ({ persisted }) => {
    // A page from the back-forward cache has lost everything: it starts again.
    if (persisted) location.reload();
    else session.tell({ type: "check" });
  });

  // iOS lays the keyboard over the page: then the page is as high as what is left.
  visualViewport?.addEventListener("resize", () => {
    const { height = 0, scale = 1 } = visualViewport ?? {};
    document.documentElement.style.setProperty("--height", `${height * scale}px`);
    scrollTo(0, 0);
  });

  session.tell({ type: "net", online: navigator.onLine });
};
