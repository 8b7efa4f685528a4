// The sound of a new message: made here, two short tones, and a short shake
// where there is one. Nothing that the phone would show or keep.

/** Each tone's pitch in Hz and when it begins, in s. */
const tones = [[660, 0], [880, 0.15]] as const;

/** How long a tone takes to fade, in s. */
const fade = 0.25;

// One for all: some phones let only what a finger began be heard later.
let context: AudioContext | undefined;
let last: OscillatorNode | undefined;

export const ring = (): void => {
  const audio = (context ??= new AudioContext());
  for (const [pitch, after] of tones) {
    const at = audio.currentTime + after;
    const gain = audio.createGain();
    gain.gain.setValueAtTime(0.2, at);
    gain.gain.exponentialRampToValueAtTime(0.001, at + fade);
    const tone = audio.createOscillator();
    tone.frequency.value = pitch;
    tone.connect(gain).connect(audio.destination);
    tone.start(at);
    tone.stop(at + fade);
    last = tone;
    tone.onended = () => {
      // Silence costs a phone something, too.
      if (last === tone) void audio.suspend();
    };
  }
  // A browser that does not let it be heard says no, and may do better next time.
  audio.resume().catch(() => undefined);
  if ("vibrate" in navigator) navigator.vibrate(100);
};
