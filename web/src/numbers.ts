// Invents phone numbers from a table that is loaded when it is first needed.

import { below } from "./bytes";
import { group } from "./phone";

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

let table: Promise<Table> | undefined;

/** The table; rejects without network, and can be tried again. */
export const loadTable = (): Promise<Table> =>
  (table ??= fetch(__NUMBERS_URL__).then(
    (response) => (response.ok ? (response.json() as Promise<Table>) : Promise.reject(new Error("number table"))),
  ).catch((error: unknown) => {
    table = undefined;
    throw error;
  }));

/** The country that the phone's languages speak of first, or the first of the table. */
export const homeCountry = (countries: Table, languages: readonly string[]): string =>
  languages.map((language) => /-([A-Z]{2})\b/.exec(language)?.[1] ?? "").find((region) => countries[region]) ??
  Object.keys(countries)[0] ??
  "";

/** A number of a country of the table, all of its numbers equally likely. */
export const invent = (countries: Table, country: string): Invented => {
  const [code = "", , lengths = "", leads = "", fiction = ""] = (countries[country] ?? "").split(" ");
  const sizes = lengths.split(",").map(Number);
  const ranges = (fiction || leads)
    .split(",")
    .flatMap((lead) => (fiction ? sizes.slice(0, 1) : sizes).map((length) => ({ lead, free: length - lead.length })));
  let place = below(ranges.reduce((sum, { free }) => sum + 10 ** free, 0));
  for (const { lead, free } of ranges) {
    if (place < 10 ** free) {
      const rest = free ? String(place).padStart(free, "0") : "";
      return { number: group(code, lead + rest), mayBeReal: !fiction };
    }
    place -= 10 ** free;
  }
  throw new Error("number table");
};
