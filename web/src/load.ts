// Loads scripts: import() is the only way that works with Trusted Types.

/** Loads a script. Rejects without network; may be tried again then. */
export const loader = <T>(url: string): (() => Promise<T>) => {
  let failed = 0;
  return async () => {
    // Firefox remembers an address that it could not import from, for as long as
    // the document lives.
    const address = failed ? `${url}?${failed}` : url;
    try {
      return (await import(address)) as T;
    } catch (error) {
      failed++;
      throw error;
    }
  };
};
