// A slow link to the relay: a TCP proxy that takes its time. CDP's own throttling
// leaves the latency of WebSockets alone, and Firefox has none.

import { connect, createServer } from "node:net";

/**
 * Passes everything to a port of the loopback, half of `rtt` ms late each way and
 * at `kbit` kbit/s each way. Connecting costs nothing, as in CDP's model.
 */
export const slowLink = async (port, { rtt, kbit }) => {
  const sockets = new Set();
  const pass = (from, to) => {
    // When the last byte that was sent so far is through.
    let free = 0;
    from.on("data", (chunk) => {
      const now = performance.now();
      free = Math.max(free, now) + (chunk.length * 8) / kbit;
      setTimeout(() => to.write(chunk), free - now + rtt / 2);
    });
    from.on("close", () => to.destroy());
    from.on("error", () => to.destroy());
  };
  const server = createServer((phone) => {
    const relay = connect(port, "127.0.0.1");
    for (const socket of [phone, relay]) {
      socket.setNoDelay(true);
      sockets.add(socket);
    }
    pass(phone, relay);
    pass(relay, phone);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://localhost:${server.address().port}/`,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
