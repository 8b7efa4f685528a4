import strings from "#strings";
import { startApp } from "./app";
import { std1 } from "./std1";

// Browsers give Web Crypto to secure pages only.
const missing = !isSecureContext ? strings.needsHttps : "subtle" in crypto && "append" in document.body ? "" : strings.tooOld;

if (missing) document.body.textContent = missing;
else startApp(std1);
