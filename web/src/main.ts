import strings from "#strings";
import { startApp } from "./app";
import type { Engine } from "./engine";
import { later } from "./later";
import { newRef } from "./ref";

// std-1, whose keys and hashes are loaded when somebody opens a room.
const engine: Engine = {
  maxBytes: 8192 - 16, // what the relay takes, less the tag of AES-GCM
  newRef,
  gate: async (ref) => (await later()).std1.gate(ref),
  identify: async (number, pin) => (await later()).std1.identify(number, pin),
};

// What the document says without us: a browser too old to read this far shows
// it too, and so does one without Web Crypto.
const still = document.querySelector("h1");

// Browsers give Web Crypto to secure pages only.
if ("subtle" in crypto) startApp(engine);
else if (!isSecureContext && still) still.textContent = strings.needsHttps;
