// The looks of what is loaded later.

/** Puts them beside the document's. The policy lets no script add a style element. */
export const wear = (style: string): void => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
};
