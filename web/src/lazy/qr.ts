// Draws QR codes. Loaded when one is asked for.

import { generate } from "lean-qr/nano";

/** Modules of white around the code, as its standard asks for. */
const quiet = 4;
const pixels = 6;

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
