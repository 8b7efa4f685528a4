// Speech that is played faster stays as high as it was.

import assert from "node:assert/strict";
import { test } from "node:test";
import { faster } from "../src/lazy/audio";

const rate = 16_000;

/** How often it crosses zero upwards in a second. */
const pitch = (samples: Float32Array): number =>
  (samples.reduce((sum, now, i) => sum + Number((samples[i - 1] ?? 0) < 0 && now >= 0), 0) * rate) / samples.length;

void test("1.5 times as fast: two thirds as long, as high and as loud", () => {
  for (const hertz of [110, 220, 700]) {
    const tone = Float32Array.from({ length: 2 * rate }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate));
    const quick = faster(tone, 1.5);
    assert.equal(quick.length, Math.floor(tone.length / 1.5));
    const middle = quick.subarray(rate / 4, rate);
    assert.ok(Math.abs(pitch(middle) - hertz) < hertz * 0.03, `${hertz} Hz became ${pitch(middle)}`);
    const loud = Math.sqrt(middle.reduce((sum, one) => sum + one * one, 0) / middle.length);
    assert.ok(loud > 0.6 && loud < 0.8, `${hertz} Hz: ${loud}`);
  }
  assert.equal(faster(new Float32Array(0), 1.5).length, 0);
});
