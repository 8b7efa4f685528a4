// Many needles, one pass: the automaton of Aho and Corasick, as a profile is
// megabytes and a secret has dozens of forms.

/** Returns what tells which of these needles are in some bytes, by index. */
export const automaton = (needles) => {
  const size = 1 + needles.reduce((sum, needle) => sum + needle.length, 0);
  const next = new Int32Array(size * 256);
  const ends = Array.from({ length: size }, () => []);
  let states = 1;
  needles.forEach((needle, index) => {
    let state = 0;
    for (const byte of needle) state = next[state * 256 + byte] ||= states++;
    ends[state].push(index);
  });
  // Where to go on when a needle breaks off: breadth first, so that what is
  // shorter is done before.
  const fallback = new Int32Array(states);
  const queue = [];
  for (let byte = 0; byte < 256; byte++) if (next[byte]) queue.push(next[byte]);
  for (const state of queue) {
    const other = fallback[state];
    ends[state].push(...ends[other]);
    for (let byte = 0; byte < 256; byte++) {
      const child = next[state * 256 + byte];
      if (!child) next[state * 256 + byte] = next[other * 256 + byte];
      else {
        fallback[child] = next[other * 256 + byte];
        queue.push(child);
      }
    }
  }
  const final = Uint8Array.from(ends, (list) => (list.length ? 1 : 0));
  return (bytes) => {
    const found = new Set();
    let state = 0;
    for (const byte of bytes) {
      state = next[state * 256 + byte];
      if (final[state]) ends[state].forEach((index) => found.add(index));
    }
    return found;
  };
};
