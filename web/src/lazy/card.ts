// The contact card, as a QR code and as a file.

import { generate } from "lean-qr/nano";

/** Modules of white around the code, as its standard asks for. */
const quiet = 4;
const pixels = 6;

/**
 * Named by its number: the name is for the owner of the phone to choose. `code`
 * is the pairing code that a short number needs, `address` where the page is;
 * empty if there is none, or it is not to be told.
 */
export const contact = (tel: string, code = "", address = ""): string =>
  ["BEGIN:VCARD", "VERSION:3.0", "N:;;;;", `FN:${tel}`, `TEL:${tel}`, code && `NOTE:${code}`, address && `URL:${address}`, "END:VCARD", ""]
    .filter((line, i, all) => line || i === all.length - 1)
    .join("\r\n");

/**
 * Draws a text, black on white whatever the page's colours are. On a canvas, as
 * what is drawn there is in no attribute.
 */
export const draw = (text: string, label: string): HTMLCanvasElement => {
  const code = generate(text);
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", label);
  canvas.width = canvas.height = (code.size + 2 * quiet) * pixels;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("no canvas");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "#000";
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) {
      if (code.get(x, y)) context.fillRect((x + quiet) * pixels, (y + quiet) * pixels, pixels, pixels);
    }
  }
  return canvas;
};

/** Offers the card of a number as a file. */
export const save = (tel: string): void => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([contact(tel)], { type: "text/vcard" }));
  link.download = "contact.vcf";
  link.click();
  URL.revokeObjectURL(link.href);
};
