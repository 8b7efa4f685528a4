// What is wrong with the looks of a page, measured. These run in the page.

/**
 * Faults that whoever looks, points or taps would find: what is wider than the
 * screen, cut off, covered, or too small to be hit.
 */
export const faults = () => {
  const found = [];
  const visible = (element) => element.checkVisibility({ visibilityProperty: true });
  const name = (element) =>
    `${element.tagName.toLowerCase()} "${(element.getAttribute("aria-label") ?? element.id) || element.textContent.slice(0, 20)}"`;
  const scroller = document.scrollingElement;
  if (scroller.scrollWidth > innerWidth) found.push(`the page is ${scroller.scrollWidth} wide`);

  // What is only for those who listen is cut away on purpose.
  const unseen = (element) => element.closest("main *") && getComputedStyle(element.closest(".talk") ?? element).clipPath !== "none";
  for (const element of document.body.querySelectorAll("*")) {
    if (!visible(element) || unseen(element)) continue;
    const { overflowX, textOverflow } = getComputedStyle(element);
    // What is written in a field may be longer than it.
    if (overflowX !== "visible" && !element.matches("input") && element.scrollWidth > element.clientWidth + 1) found.push(`${name(element)} is cut off or scrolls sideways`);
    if (textOverflow !== "clip" && element.scrollWidth > element.clientWidth) found.push(`${name(element)} ends in dots`);
    for (const node of element.childNodes) {
      if (node.nodeType !== Node.TEXT_NODE || !node.data.trim()) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const box = element.getBoundingClientRect();
      for (const { left, right } of range.getClientRects()) {
        if (left < -0.5 || right > innerWidth + 0.5) found.push(`text of ${name(element)} leaves the screen`);
        else if (getComputedStyle(element).display !== "inline" && (left < box.left - 1 || right > box.right + 1)) {
          found.push(`text of ${name(element)} leaves its box`);
        }
      }
    }
  }

  // Whatever can be used is big enough and can be brought to where nothing covers it.
  for (const element of document.querySelectorAll("button, input, select, textarea, nav a")) {
    if (!visible(element)) continue;
    const target = element.type === "checkbox" ? element.closest("label") : element;
    const { width, height } = target.getBoundingClientRect();
    if (width < 44 || height < 44) found.push(`${name(element)} is ${Math.round(width)}×${Math.round(height)}`);
    if (element.disabled) continue;
    element.scrollIntoView({ block: "center" });
    const box = element.getBoundingClientRect();
    const at = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height, 48) / 2);
    if (!element.contains(at)) found.push(`${name(element)} is covered by ${at ? name(at) : "nothing"}`);
  }
  for (const element of document.querySelectorAll(".chat, .middle, textarea")) element.scrollTop = 0;
  scrollTo(0, 0);
  return [...new Set(found)];
};

/** What of the composer can't be seen at once, with a keyboard in the way. */
export const composerFaults = () =>
  [...document.querySelectorAll("textarea, .composer .primary")].flatMap((element) => {
    if (!element.checkVisibility()) return [];
    const { left, top, right, bottom } = element.getBoundingClientRect();
    const inside = left >= 0 && top >= 0 && right <= innerWidth + 0.5 && bottom <= innerHeight + 0.5;
    const on = inside && element.contains(document.elementFromPoint((left + right) / 2, (top + bottom) / 2));
    const box = [left, top, right, bottom].map(Math.round).join(" ");
    return on || element.disabled && inside ? [] : [`${element.tagName} is at ${box} in ${innerWidth}×${innerHeight}`];
  });

/** Animations and transitions that run. */
export const moving = () =>
  document.getAnimations().filter(({ playState }) => playState === "running").map(({ effect }) => effect.target.outerHTML.slice(0, 60));
