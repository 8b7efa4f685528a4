import strings from "#strings";
import { startApp } from "./app";

// What the document says without us: a browser too old to read this far shows
// it too, and so does one without Web Crypto.
const still = document.querySelector("h1");

// Browsers give Web Crypto to secure pages only.
if ("subtle" in crypto) startApp();
else if (!isSecureContext && still) still.textContent = strings.needsHttps;
