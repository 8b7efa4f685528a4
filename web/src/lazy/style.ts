// The looks of what is loaded later.

/** Puts them beside the document's. The policy lets no script add a style element. */
export const wear = (): void => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(__STYLE__);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
};
