// The page as a whole: which screen is shown, and what the browser tells the
// session. What is seen follows from the session's state alone.

import { atDesk, composes } from "./dom";
import { loaded, loadedPrivate } from "./later";
import type { CoverEvent } from "./session/cover";
import { isInside } from "./session/first";
import { createSession } from "./socket";
import strings from "#strings";
import { curtainScreen, veilScreen } from "./views/curtain";
import { openScreen } from "./views/open";
import type { Page, Screen } from "./views/page";

const screens = { open: openScreen, veil: veilScreen, curtain: curtainScreen };

/** Two presses of Esc or three taps on the name within this time are a panic, in ms. */
const panicWithin = 800;

/** That a mouse or a wheel moves is told once in this time, in ms. */
const movedEvery = 5000;

/** Tells whether an event is the last of so many in short time. */
const inARow = (count: number) => {
  let times: number[] = [];
  return ({ timeStamp }: Event): boolean => {
    times = [...times, timeStamp].slice(-count);
    return times.length === count && timeStamp - (times[0] ?? 0) < panicWithin;
  };
};

export const startApp = (): void => {
  let lifting = false;
  let shown = "";
  let drawnAt = 0;
  let screen: Screen = veilScreen();

  const render = (): void => {
    const state = session.state();
    const { kind } = state.cover;
    const want = kind === "veil" || kind === "curtain" ? kind : isInside(state) ? "chat" : "open";
    if (want !== shown) {
      shown = want;
      const first = !screen.node.isConnected;
      // Nobody is in before the conversation's part is loaded.
      screen = want !== "chat" ? screens[want](app) : loaded ? loaded.chatScreen(app) : veilScreen();
      screen.node.tabIndex = -1;
      // What it begins with is no news. What it has to say comes when it is there.
      screen.update();
      document.body.replaceChildren(screen.node);
      drawnAt = performance.now();
      setTimeout(app.changed, 100);
      // With a keyboard one goes on where one writes; on a phone it would come up by itself.
      const field = atDesk() ? screen.node.querySelector<HTMLElement>("textarea, .page [type=text], .page [type=password]") : null;
      // Taking the focus costs a layout, which the first paint need not wait for.
      if (!first) (field ?? screen.node).focus();
    } else screen.update();
    const { settings, slot, seen } = state;
    const news = settings.mark && slot && !slot.mine && !slot.read && seen !== slot.id;
    const title = (news ? "• " : "") + strings.title;
    if (document.title !== title) document.title = title;
  };

  const blanked = (): void => {
    // What was typed is in the fields, too.
    shown = "";
    loadedPrivate?.unprepare();
  };

  const session = createSession(render, blanked, () => loaded?.ring(), () => loaded?.machine);
  const { tell } = session;

  const cover = (event: CoverEvent): void => {
    tell({ type: "cover", event });
  };

  /** Whether somebody could be looking. */
  const look = (): void => {
    const on = !!screen.log?.() && !document.hidden && document.hasFocus();
    if (on !== session.state().attention) tell({ type: "attention", on });
  };

  const app: Page = {
    session,
    hide() {
      cover("draw");
    },
    lift(pin) {
      if (lifting) return false;
      lifting = true;
      void session.isPin(pin).then((right) => {
        lifting = false;
        if (right !== undefined) cover(right ? "right" : "wrong");
      });
      return true;
    },
    forget() {
      tell({ type: "leave" });
    },
    redraw() {
      shown = "";
      render();
    },
    changed() {
      render();
      look();
    },
  };

  const escapes = inARow(2);
  const taps = inARow(3);
  let movedAt = 0;
  let astray = false;

  addEventListener("keydown", (event) => {
    cover("active");
    if (event.key !== "Escape" || composes(event)) return;
    if (escapes(event)) app.forget();
    else screen.back?.();
  });
  addEventListener("pointerdown", ({ timeStamp }) => {
    cover("active");
    // It lifted the veil, by itself or by the focus that it took.
    astray = timeStamp <= drawnAt;
  });
  for (const name of ["pointermove", "wheel"] as const) {
    addEventListener(name, ({ timeStamp }) => {
      if (timeStamp - movedAt < movedEvery) return;
      movedAt = timeStamp;
      cover("moved");
    }, { passive: true });
  }
  addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.matches(".name") && taps(event)) app.forget();
    // What lies under the finger now was not to be seen when it went down.
    // A key or a reader clicks with no finger: detail is 0.
    else if (astray && event.detail) {
      event.stopPropagation();
      event.preventDefault();
    }
    astray = false;
  }, true);
  for (const name of ["blur", "focus"] as const) {
    addEventListener(name, () => {
      cover(name);
      look();
    });
  }
  document.addEventListener("visibilitychange", () => {
    tell({ type: "hidden", on: document.hidden });
    if (document.hidden) cover("hide");
    else tell({ type: "check" });
    look();
  });
  for (const name of ["online", "offline"] as const) {
    addEventListener(name, () => {
      tell({ type: "net", online: name === "online" });
    });
  }
  addEventListener("pagehide", () => {
    app.forget();
    document.body.replaceChildren();
  });
  addEventListener("pageshow", ({ persisted }) => {
    // A page from the back-forward cache has lost everything: it starts again.
    if (persisted) location.reload();
    else tell({ type: "check" });
  });

  // iOS lays the keyboard over the page: then the page is as high as what is left.
  visualViewport?.addEventListener("resize", () => {
    const { height = 0, scale = 1 } = visualViewport ?? {};
    document.documentElement.style.setProperty("--height", `${height * scale}px`);
    scrollTo(0, 0);
  });

  tell({ type: "hidden", on: document.hidden });
  tell({ type: "net", online: navigator.onLine });
};
