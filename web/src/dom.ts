// Building elements. Text only ever goes in as text nodes.

type Props = Readonly<Record<string, string | boolean | number | ((event: never) => void)>>;

// What has a state that a browser may save and restore says that it must not:
// a form around it saying so is not enough for every browser. Some send what is
// written to a spelling service.
const control: Props = { autocomplete: "off", autocorrect: "off", spellcheck: "false" };

/** Creates an element: functions become listeners, everything else attributes; false is left out. */
export const el = <K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] => {
  const node = document.createElement(tag);
  const own = /^(?:input|textarea|select|button)$/.test(tag) ? { ...control, ...props } : props;
  for (const [name, value] of Object.entries(own)) {
    if (typeof value === "function") node.addEventListener(name, value as EventListener);
    else if (value !== false) node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children);
  return node;
};

/** A button that does not submit anything. */
export const button = (text: string, click: () => void, props: Props = {}): HTMLButtonElement =>
  el("button", { type: "button", click, ...props }, text);

/** A text field for what is no word of any language. */
export const field = (id: string, props: Props): HTMLInputElement =>
  el("input", { id, type: "text", autocapitalize: "characters", ...props });

/** Sets the text, if it is another: so that nothing is announced or laid out twice. */
export const setText = (node: Element, text: string): void => {
  if (node.textContent !== text) node.textContent = text;
};

/**
 * Says something in a line of role status. Readers of screens announce only what
 * changes in a line that was there before: so it must be on the page. `wrong`:
 * it looks like an error.
 */
export const announce = (line: Element, text: string, wrong = false): void => {
  if (line.isConnected) setText(line, text);
  line.classList.toggle("wrong", wrong);
};

export const show = (node: HTMLElement, on: boolean): void => {
  node.hidden = !on;
};

/** The template with its gaps filled, each written as its name in braces. */
export const fill = (template: string, values: Readonly<Record<string, string | number>>): string =>
  template.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]));

/** The key is for what composes a text of several keys. That is its code then; Safari has no other sign of the last one. */
// eslint-disable-next-line @typescript-eslint/no-deprecated
export const composes = (event: KeyboardEvent): boolean => event.keyCode === 229;

/** Runs on Enter in a field, unless it ends such a composition. */
export const onEnter = (run: () => void) => (event: KeyboardEvent) => {
  if (event.key !== "Enter" || event.shiftKey || composes(event)) return;
  event.preventDefault();
  run();
};

/** Whether there is a real keyboard, by its companion: then fields may take the focus by themselves. */
export const atDesk = (): boolean => matchMedia("(pointer: fine)").matches;
