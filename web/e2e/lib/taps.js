// A finger on a small screen: it taps what is there without looking for it, and
// counts. What is typed must have the focus by itself.

import { landed, until, words } from "./person.js";

const finger = (person) => {
  let taps = 0;
  const tap = async (kind, label) => {
    await until(`${person.name} to tap "${label}"`, async () => {
      const element = await person.find(kind, label);
      const { x, y, width, height } = await element.boundingBox();
      const size = await person.run(() => ({ width: innerWidth, height: innerHeight }));
      if (x < 0 || y < 0 || x + width > size.width || y + height > size.height) throw new Error("it must be looked for");
      return landed(element, () => person.page.mouse.click(x + width / 2, y + height / 2));
    });
    taps++;
  };
  return {
    tap,
    async type(label, text) {
      await until(`the focus on "${label}"`, () =>
        person.run((label) => document.activeElement?.labels?.[0]?.textContent === label, label));
      await person.page.keyboard.type(text);
    },
    /** A long press into the field counts as the tap that gave it the focus; this is the one on what the phone offers then. */
    async paste(label, text) {
      await person.paste(label, text);
      taps++;
    },
    count: () => taps,
  };
};

/** From the first screen to an invitation in the clipboard. Returns it, and the taps. */
export const tapToInvitation = async (person, pin) => {
  const on = finger(person);
  await on.tap("button", words.newNumber);
  await on.type(words.pin, pin);
  await on.tap("button", words.open);
  await on.tap("button", words.copy);
  await person.see(words.copied);
  return { taps: on.count(), invitation: await person.invitation() };
};

/** From the first screen to the conversation, with a message that has the invitation in it. Returns the taps. */
export const tapToChat = async (person, message, pin) => {
  const on = finger(person);
  await on.tap("input", words.number);
  await on.paste(words.number, message);
  await on.type(words.pin, pin);
  await on.tap("button", words.open);
  await person.find("textarea", words.message);
  return on.count();
};
