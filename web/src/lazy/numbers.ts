// Invents phone numbers from a table of countries.

import { below } from "../bytes";
import { group } from "../phone";

/**
 * By country: calling code, trunk prefix, lengths of mobile numbers, their
 * leading digits, and, where there are any, the leading digits of numbers of
 * the first length that belong to nobody. Spaces between, commas in the lists.
 */
export type Table = Readonly<Record<string, string>>;

export interface Invented {
  /** As people write it, with calling code. */
  readonly number: string;
  /** Whether it may be somebody's. */
  readonly mayBeReal: boolean;
}

let table: Table | undefined;

/** The table. Rejects without network; may be tried again then. */
export const loadTable = async (): Promise<Table> => {
  if (!table) {
    const response = await fetch(__NUMBERS_URL__);
    if (!response.ok) throw new Error("number table");
    table = (await response.json()) as Table;
  }
  return table;
};

/** The countries that keep numbers for films and books, which belong to nobody. */
export const fictions = (countries: Table): Table =>
  Object.fromEntries(Object.entries(countries).filter(([, line]) => line.split(" ")[4]));

/** The country that the phone's languages speak of first, or the first of the table. */
export const homeCountry = (countries: Table, languages: readonly string[]): string =>
  languages.map((language) => /-([A-Z]{2})\b/.exec(language)?.[1] ?? "").find((region) => countries[region]) ??
  Object.keys(countries)[0] ??
  "";

/** The countries' names in a language, in its order, and their codes. */
export const countryNames = (countries: Table, language: string): (readonly [name: string, country: string])[] => {
  const names = new Intl.DisplayNames(language, { type: "region" });
  return Object.keys(countries)
    .map((country) => [names.of(country) ?? country, country] as const)
    .sort(([a], [b]) => a.localeCompare(b, language));
};

/** A number of a country of the table, all of its numbers equally likely. */
export const invent = (countries: Table, country: string): Invented => {
  const line = countries[country];
  if (!line) throw new Error("no such country");
  const [code = "", , lengths = "", leads = "", fiction = ""] = line.split(" ");
  const all = lengths.split(",").map(Number);
  const ranges = (fiction || leads)
    .split(",")
    .flatMap((lead) => (fiction ? all.slice(0, 1) : all).map((length) => ({ lead, free: length - lead.length })));
  let place = below(ranges.reduce((sum, { free }) => sum + 10 ** free, 0));
  let national = "";
  for (const { lead, free } of ranges) {
    if (!national && place < 10 ** free) national = lead + (free ? String(place).padStart(free, "0") : "");
    place -= 10 ** free;
  }
  return { number: group(code, national), mayBeReal: !fiction };
};
