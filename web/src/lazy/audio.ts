// Sound of voice notes: recorded, decoded, played. All of it is in memory alone.

import type { Voice } from "../session/state";

/** The longest note, in ms, and the most bytes of one with its media type. */
export const longest = 30_000;
const mostBytes = 63_144;
const bitsPerSecond = 12_000;

/** Samples in a second of what is played: as many as speech needs. */
const rate = 16_000;

/** Parts of a recording, in ms: its size is known so often, and so much may be lost at its limit. */
const slice = 500;

const types = ["audio/webm;codecs=opus", "audio/mp4;codecs=opus", "audio/mp4"];

export interface Recording {
  /** Loudness now, from 0 to 1. */
  readonly level: () => number;
  readonly ms: () => number;
  /** It is as long as may be, or the microphone is gone. */
  readonly full: () => boolean;
  /** Lets go of the microphone at once. Undefined if there is nothing in it. */
  readonly stop: () => Promise<Voice | undefined>;
}

/** Asks for the microphone and records. Rejects if there is none, or none for this page. */
export const record = async (): Promise<Recording> => {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
  const free = (): void => { stream.getTracks().forEach((track) => { track.stop(); }); };
  try {
    const context = new AudioContext();
    const source = context.createMediaStreamSource(stream);
    const analyser = context.createAnalyser();
    source.connect(analyser);
    const mimeType = types.find((type) => MediaRecorder.isTypeSupported(type)) ?? "";
    const recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: bitsPerSecond });
    const parts: Blob[] = [];
    let bytes = 0;
    recorder.ondataavailable = ({ data }) => {
      bytes += data.size;
      if (bytes + recorder.mimeType.length <= mostBytes) parts.push(data);
    };
    const ended = new Promise((resolve) => { recorder.onstop = resolve; });
    recorder.start(slice);
    const began = performance.now();
    const ms = (): number => Math.min(longest, Math.round(performance.now() - began));
    const wave = new Float32Array(analyser.fftSize);
    return {
      level() {
        analyser.getFloatTimeDomainData(wave);
        return Math.min(1, Math.max(...wave));
      },
      ms,
      // Twice a part: the last one is as large as that at most.
      full: () => ms() >= longest || recorder.state === "inactive" || bytes * (1 + 2 * slice / ms()) > mostBytes,
      async stop() {
        const length = ms();
        if (recorder.state !== "inactive") recorder.stop();
        free();
        await ended;
        void context.close();
        const data = new Uint8Array(await new Blob(parts).arrayBuffer());
        return data.length ? { ms: length, type: recorder.mimeType, data } : undefined;
      },
    };
  } catch (error) {
    free();
    throw error;
  }
};

/** The samples of a note. Rejects if this browser can't read it. */
const decode = async ({ data }: Voice): Promise<AudioBuffer> =>
  new OfflineAudioContext(1, 1, rate).decodeAudioData(data.slice().buffer);

/**
 * The same in less time and as high: pieces of 25 ms, each from where it goes on
 * best from the one before.
 */
export const faster = (from: Float32Array, by: number): Float32Array<ArrayBuffer> => {
  const piece = 400;
  const half = piece / 2;
  const reach = 80;
  const to = new Float32Array(Math.floor(from.length / by));
  const like = (a: number, b: number): number => {
    let sum = 0;
    for (let i = 0; i < half; i += 2) sum += (from[a + i] ?? 0) * (from[b + i] ?? 0);
    return sum;
  };
  let goesOn = 0;
  for (let at = 0; at < to.length; at += half) {
    let best = Math.round(at * by);
    let most = -Infinity;
    for (let start = best - reach, end = best + reach; at && start <= end; start += 2) {
      const found = like(start, goesOn);
      if (found > most) [most, best] = [found, start];
    }
    for (let i = 0; i < piece && at + i < to.length; i++) {
      to[at + i] = (to[at + i] ?? 0) + (from[best + i] ?? 0) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / piece));
    }
    goesOn = best + half;
  }
  return to;
};

/** A note that is ready to be played. Times are in seconds of the note, at whatever speed. */
export interface Sound {
  readonly length: number;
  readonly at: () => number;
  readonly playing: () => boolean;
  readonly play: (from: number, speed: number) => void;
  readonly pause: () => void;
  /** Overwrites the sound. */
  readonly forget: () => void;
}

/** `ended` runs when all of it was played. Rejects if this browser can't read it. */
export const soundOf = async (voice: Voice, ended: () => void): Promise<Sound> => {
  const buffer = await decode(voice);
  const buffers = new Map([[1, buffer]]);
  const context = new AudioContext();
  let node: AudioBufferSourceNode | undefined;
  let [from, since, pace] = [0, 0, 1];

  const bufferAt = (speed: number): AudioBuffer => {
    const known = buffers.get(speed);
    if (known) return known;
    const samples = faster(buffer.getChannelData(0), speed);
    const made = new AudioBuffer({ length: samples.length, sampleRate: rate });
    made.getChannelData(0).set(samples);
    samples.fill(0);
    buffers.set(speed, made);
    return made;
  };

  const at = (): number => (node ? Math.min(buffer.duration, from + (context.currentTime - since) * pace) : from);

  const pause = (): void => {
    from = at();
    if (node) node.onended = null;
    node?.stop();
    node = undefined;
  };

  return {
    length: buffer.duration,
    at,
    playing: () => !!node,
    play(start, speed) {
      pause();
      node = new AudioBufferSourceNode(context, { buffer: bufferAt(speed) });
      node.connect(context.destination);
      node.onended = () => {
        pause();
        from = 0;
        ended();
      };
      [from, since, pace] = [start, context.currentTime, speed];
      node.start(0, start / speed);
    },
    pause,
    forget() {
      pause();
      for (const one of buffers.values()) one.getChannelData(0).fill(0);
      void context.close();
    },
  };
};
